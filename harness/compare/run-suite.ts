import { join } from 'node:path';
import { HarnessError } from '../errors.ts';
import type { RunRecord } from '../record/record.ts';
import type { SuiteCell, SuiteRecord } from '../record/suite.ts';
import { writeSuite } from '../record/write.ts';
import type { Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';
import { cellRecordPath, suiteFileName } from './suite-folder.ts';
import { failed, missing, withFound } from './suite-record.ts';

/** What the run of one cell gives. */
export interface CellRun {
  readonly record: RunRecord;
  readonly price: SuiteCell['price'];
  readonly worth: SuiteCell['worth'];
}

export interface SuiteOptions {
  readonly directory: string;
  readonly grid: Pick<Grid, 'cells'>;
  /** As it stands: cells that are done are not run again, unless they are in `again`. */
  readonly suite: SuiteRecord;
  /** Cells to run, whatever their state, and no others; empty = all that are not done. */
  readonly again: readonly string[];
  readonly runCell: (cell: GridCell) => Promise<CellRun>;
  /** Abort ends the present cell in good order; it counts as not run. */
  readonly signal: AbortSignal;
  readonly onCell: (cell: SuiteCell, about: { done: number; total: number }) => void;
  readonly now: () => Date;
}

/**
 * Runs what is left of a grid, in its order, one cell at a time, and writes `suite.json` after each,
 * so that whoever ends it, in whatever way, leaves a suite that can be read and resumed. A cell
 * whose run came to nothing is `failed` and the others go on; an environment that cannot run any of
 * them rejects with its HarnessError (`usage`, `environment`).
 */
export async function runSuite(options: SuiteOptions): Promise<SuiteRecord> {
  const { directory, grid, again, runCell, signal, onCell, now } = options;
  let { suite } = options;
  const keep = async (cell: GridCell, found: Parameters<typeof withFound>[2]): Promise<void> => {
    suite = { ...withFound(suite, cell, found), endedAt: now().toISOString() };
    await writeSuite(join(directory, suiteFileName), suite);
  };
  const states = new Map(suite.cells.map(({ id, state }) => [id, state]));
  const todo = grid.cells.filter(({ id }) =>
    again.length > 0 ? again.includes(id) : states.get(id) !== 'done',
  );
  todo.sort((a, b) => a.order - b.order);
  await writeSuite(join(directory, suiteFileName), suite);
  for (const [index, cell] of todo.entries()) {
    if (signal.aborted) break;
    // Its old record is about to go.
    await keep(cell, missing('its run was interrupted'));
    try {
      const { record, price, worth } = await runCell(cell);
      if (signal.aborted) break;
      const { verdict, reasons } = record;
      const path = cellRecordPath(cell.id);
      if (worth !== null) suite = { ...suite, storage: storageOf(record, suite) };
      suite = { ...suite, engines: enginesOf(record, suite) };
      await keep(cell, { state: 'done', note: '', record: path, verdict, reasons, price, worth });
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof HarnessError) || isHopeless(error)) throw error;
      await keep(cell, failed(error.message));
    }
    const found = suite.cells.find(({ id }) => id === cell.id)!;
    onCell(found, { done: index + 1, total: todo.length });
  }
  return suite;
}

function isHopeless({ code }: HarnessError): boolean {
  return code === 'usage' || code === 'environment' || code === 'scenario';
}

/** A cell whose fault acts on processes alone needs no more than a directory, and says nothing. */
function storageOf({ cluster }: RunRecord, { storage }: SuiteRecord): SuiteRecord['storage'] {
  return cluster.storage === 'plain' ? storage : { form: cluster.storage, why: cluster.note };
}

function enginesOf({ cluster }: RunRecord, { engines }: SuiteRecord): SuiteRecord['engines'] {
  if (cluster.kind === 'process') return engines;
  const others = engines.filter((one) => one.cluster !== cluster.kind);
  return [...others, { cluster: cluster.kind, note: cluster.note }];
}
