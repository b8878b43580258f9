import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnvironment } from '../measure/environment.ts';
import { probeEnvironment } from '../measure/probes.ts';
import { readSuite } from '../record/read.ts';
import type { SuiteCell, SuiteRecord } from '../record/suite.ts';
import { writeSuite } from '../record/write.ts';
import type { Progress } from '../run/run-types.ts';
import { version } from '../version.ts';
import { vocabulary } from '../vocabulary.ts';
import { plannedLoadMs } from './cell-scenario.ts';
import type { Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';
import { runCell } from './run-cell.ts';
import { runSuite } from './run-suite.ts';
import { emptyCellFolder, suiteFileName, type SuiteFolder } from './suite-folder.ts';
import { emptySuite, requireResumable } from './suite-record.ts';
import { TimeLeft } from './time-left.ts';

export interface CompareOptions {
  readonly folder: SuiteFolder;
  readonly grid: Grid;
  /** See `runSuite`. */
  readonly again: readonly string[];
  /** The command lines that ask for the suite, and for one of its cells, again. */
  readonly command: string;
  readonly cellCommand: (cell: string) => string;
  readonly signal: AbortSignal;
  readonly view: {
    begin(cell: GridCell, place: { index: number; total: number; leftMs: number }): void;
    progress(progress: Progress): void;
    ended(cell: SuiteCell): void;
  };
}

/**
 * Runs a grid, or goes on with it: one run per cell under `cells/`, and `suite.json` beside them.
 * The machine is probed before and after the whole and not around each cell.
 */
export async function compare(options: CompareOptions): Promise<SuiteRecord> {
  const { folder, grid, again, command, cellCommand, signal, view } = options;
  const { directory, id } = folder;
  const plannedMs = plannedLoadMs(grid, vocabulary());
  const file = join(directory, suiteFileName);
  const probe = await probeEnvironment(directory);
  const begun = existsSync(file)
    ? await readSuite(file)
    : emptySuite(grid, {
        id,
        startedAt: new Date().toISOString(),
        version,
        command,
        environment: { ...describeEnvironment(directory), probes: { before: probe, after: null } },
      });
  requireResumable(begun, grid, version);
  const left = new TimeLeft(new Map(todo(begun, again).map((one) => [one, plannedMs.get(one)!])));
  let index = 0;
  let beganAt = 0;
  const suite = await runSuite({
    directory,
    grid,
    suite: begun,
    again,
    signal,
    now: () => new Date(),
    runCell: (cell) => {
      view.begin(cell, { index: ++index, total: todo(begun, again).length, leftMs: left.ms() });
      beganAt = performance.now();
      return runCell(cell, {
        grid,
        directory: emptyCellFolder(folder, cell.id),
        probe,
        command: cellCommand(cell.id),
        signal,
        onProgress: (progress) => view.progress(progress),
      });
    },
    onCell: (cell) => {
      left.ended(cell.id, performance.now() - beganAt);
      view.ended(cell);
    },
  });
  if (signal.aborted) return suite;
  const { environment } = suite;
  const probes = { ...environment.probes, after: await probeEnvironment(directory) };
  const whole = { ...suite, environment: { ...environment, probes } };
  await writeSuite(file, whole);
  return whole;
}

function todo({ cells }: SuiteRecord, again: readonly string[]): string[] {
  if (again.length > 0) return [...again];
  return cells.filter(({ state }) => state !== 'done').map(({ id }) => id);
}
