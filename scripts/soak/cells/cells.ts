import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { entryPoint } from '../../../harness/entry-point.ts';
import { whatIsMissing } from '../../../harness/file-system/trial.ts';
import { probeEnvironment } from '../../../harness/measure/probes.ts';
import { cellJobs, type CellJob } from './cell-job.ts';
import type { CellOutcome, CellTask } from './cell-run.ts';
import { seriesOf, type CellSeries } from './cell-series.ts';

/** Every cell of the promise table, over many seeds. */
export interface PromiseCells {
  /** Runs at once: they share the cores, so that no speed can be read from them. */
  readonly jobs: number;
  readonly seconds: number;
  /** Why a real form is missing; empty when none is. */
  readonly lacking: readonly string[];
  readonly series: readonly CellSeries[];
}

/** Runs them, `jobs` at a time, the seeds one after the other. */
export async function promiseCells(options: {
  readonly from: number;
  readonly seeds: number;
  readonly jobs: number;
  /** Ids of the only cells that are wanted; empty = all. */
  readonly only?: readonly string[];
  /** Keeps the folders of runs whose promise was not seen to hold. */
  readonly output: string;
  /** Takes what is not wanted from the runs that are due. */
  readonly choose?: (job: CellJob) => boolean;
  /** Takes all that there is so far. */
  readonly onCells?: (cells: PromiseCells) => void;
}): Promise<PromiseCells> {
  const { from, seeds, jobs, only = [], output, choose = () => true, onCells } = options;
  if (seeds === 0) return { jobs, seconds: 0, lacking: [], series: [] };
  const began = performance.now();
  mkdirSync(output, { recursive: true });
  const real: ('ext4' | 'xfs')[] = [];
  const lacking: string[] = [];
  for (const form of ['ext4', 'xfs'] as const) {
    const missing = await whatIsMissing(form, output);
    if (missing === undefined) real.push(form);
    else lacking.push(`no ${form}: ${missing}`);
  }
  const probe = await probeEnvironment(output);
  const queue = cellJobs({ from, seeds, real, only }).filter(choose);
  const total = queue.length;
  const outcomes: CellOutcome[] = [];
  const soFar = (): PromiseCells => {
    const seconds = Math.round((performance.now() - began) / 1000);
    return { jobs, seconds, lacking, series: seriesOf(outcomes.toSorted(inOrder)) };
  };
  const worker = async (): Promise<void> => {
    const runner = new CellRunner();
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const outcome = await runner.run({ ...job, output, probe });
      outcomes.push(outcome);
      process.stderr.write(`${outcomes.length}/${total} ${lineOf(outcome)}\n`);
      onCells?.(soFar());
    }
    runner.close();
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return soFar();
}

/** Runs cells in a process beside this one, and in another when that has ended. */
class CellRunner {
  #child: ChildProcess | undefined;

  run(task: CellTask): Promise<CellOutcome> {
    const { output: _output, probe: _probe, ...job } = task;
    const child = (this.#child ??= fork(entryPoint('scripts/soak/cells/cell-run.js'), [], {
      stdio: 'inherit',
    }));
    return new Promise((resolve) => {
      const ran = (outcome: unknown): void => {
        child.off('exit', ended);
        resolve(outcome as CellOutcome);
      };
      const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
        child.off('message', ran);
        this.#child = undefined;
        const reasons = [`its process ended with ${signal ?? `code ${code}`}`];
        resolve({ ...job, verdict: 'not-run', worth: null, reasons });
      };
      child.once('message', ran);
      child.once('exit', ended);
      child.send(task);
    });
  }

  close(): void {
    this.#child?.disconnect();
  }
}

function lineOf({ cell, form, seed, verdict, worth, reasons }: CellOutcome): string {
  const stake = worth?.exposure === null || worth === null ? '' : `, ${worth.exposure} exposed`;
  const found = worth === null ? '' : `: ${worth.acked} acked, ${worth.lost} lost${stake}`;
  const why = verdict === 'pass' ? '' : `; ${reasons.join('; ')}`;
  return `${cell} on ${form}, seed ${seed}: ${verdict}${found}${why}`;
}

function inOrder(a: CellOutcome, b: CellOutcome): number {
  return a.cell.localeCompare(b.cell) || a.form.localeCompare(b.form) || a.seed - b.seed;
}
