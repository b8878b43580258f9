import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCell } from '../../../harness/compare/run-cell.ts';
import { HarnessError } from '../../../harness/errors.ts';
import type { EnvironmentProbe, RunRecord } from '../../../harness/record/record.ts';
import type { SuiteCell } from '../../../harness/record/suite.ts';
import { gridOf, type CellJob } from './cell-job.ts';

/** What one run of a cell found. */
export interface CellOutcome extends CellJob {
  readonly verdict: RunRecord['verdict'] | 'not-run';
  /** Null when it was not run. */
  readonly worth: SuiteCell['worth'];
  /** Why the promise was not seen to hold; empty for a pass. */
  readonly reasons: readonly string[];
}

export interface CellTask extends CellJob {
  readonly output: string;
  readonly probe: EnvironmentProbe;
}

/**
 * The program that runs cells, one after the other: in a process of its own, so that one run's
 * judgement does not hold up the faults of another that goes on at the same time. A run's folder
 * stays only where the promise was not seen to hold.
 */
const interrupted = new AbortController();
process.once('disconnect', () => interrupted.abort());
process.on('message', (task) => {
  void run(task as CellTask).then((outcome) => {
    // Whoever asked may be gone by now.
    if (process.connected) process.send?.(outcome);
  });
});

async function run({ output, probe, ...job }: CellTask): Promise<CellOutcome> {
  const { cell: id, form, seed } = job;
  const grid = gridOf({ seed, form, only: [id] });
  const directory = join(output, `${id}-${form}-${seed}`);
  rmSync(directory, { recursive: true, force: true });
  try {
    const { record, worth } = await runCell(grid.cells[0]!, {
      grid,
      directory,
      probe,
      command: `npm run soak -- cells --seeds 1 --from ${seed} --only ${id}`,
      signal: interrupted.signal,
      onProgress: () => {},
    });
    const { verdict, reasons } = record;
    if (verdict === 'pass') rmSync(directory, { recursive: true, force: true });
    return { ...job, verdict, worth, reasons: verdict === 'pass' ? [] : reasons };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { ...job, verdict: 'not-run', worth: null, reasons: [error.message] };
  }
}
