import type { EnvironmentProbe } from '../record/record.ts';
import { runScenario } from '../run/run.ts';
import type { Progress } from '../run/run-types.ts';
import { makePlan } from '../scenario/plan.ts';
import { vocabulary } from '../vocabulary.ts';
import { scenarioOfCell } from './cell-scenario.ts';
import type { Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';
import { priceOf } from './price.ts';
import type { CellRun } from './run-suite.ts';
import { faultKindsOf } from './schedule.ts';
import { worthOf } from './worth.ts';

export interface CellOptions {
  readonly grid: Grid;
  /** Of this cell's run. */
  readonly directory: string;
  readonly probe: EnvironmentProbe;
  /** The command line that runs this cell again. */
  readonly command: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Runs one cell of a grid as any scenario is run, and reads from its record what was asked. */
export async function runCell(cell: GridCell, options: CellOptions): Promise<CellRun> {
  const { grid, directory, probe, command, signal, onProgress } = options;
  const words = vocabulary();
  const scenario = scenarioOfCell(grid, cell, words);
  const { target, cluster } = cell.mode;
  // Repeats differ by more than luck: faults strike at other moments, keys go elsewhere.
  const seed = grid.seed + cell.repeat - 1;
  const { record } = await runScenario({
    scenario,
    seed,
    target,
    cluster,
    outputDirectory: directory,
    directory,
    probe,
    keepData: false,
    command,
    signal,
    onProgress,
  });
  const { work } = cell;
  if (work.kind === 'price') return { record, price: priceOf(record), worth: null };
  const plan = makePlan(scenario, { seed, target, cluster, vocabulary: words });
  const kinds = faultKindsOf(work.fault, plan);
  return { record, price: null, worth: worthOf(record, { plan, fault: work.fault, kinds }) };
}
