import type { CellForm } from './cell-job.ts';
import type { CellOutcome } from './cell-run.ts';

/** The runs of one cell in one form, over its seeds. */
export interface CellSeries {
  readonly cell: string;
  readonly form: CellForm;
  readonly promise: 'none' | 'window' | 'may' | 'unknown';
  readonly seeds: readonly number[];
  /** Runs that passed: the promise held, and what could be at stake was. */
  readonly held: number;
  /** Runs in which something acked was not safe when the fault hit; null where the promise is none. */
  readonly exposed: number | null;
  /** Acked messages that were not safe, over the runs in which that was measured. */
  readonly exposureMin: number | null;
  readonly exposureMedian: number | null;
  readonly withLoss: number;
  readonly lostMax: number;
  readonly ackedMin: number;
  readonly violations: number;
  /** Of the runs that did not pass. */
  readonly doubts: readonly { readonly seed: number; readonly reasons: readonly string[] }[];
}

/** A witness is enough: the rest is in the run's own record. */
const reasonsMax = 3;
const reasonLengthMax = 300;

/** In the order in which cells and forms first appear. */
export function seriesOf(outcomes: readonly CellOutcome[]): CellSeries[] {
  const groups = new Map<string, CellOutcome[]>();
  for (const outcome of outcomes) {
    const key = `${outcome.cell} ${outcome.form}`;
    groups.set(key, [...(groups.get(key) ?? []), outcome]);
  }
  return [...groups.values()].map(summary);
}

function summary(runs: readonly CellOutcome[]): CellSeries {
  const { cell, form } = runs[0]!;
  const worths = runs.flatMap(({ worth }) => (worth === null ? [] : [worth]));
  const promise = worths[0]?.promise.loss ?? 'unknown';
  const exposures = worths.flatMap(({ exposure }) => (exposure === null ? [] : [exposure]));
  exposures.sort((a, b) => a - b);
  const losses = worths.map(({ lost }) => lost);
  return {
    cell,
    form,
    promise,
    seeds: runs.map(({ seed }) => seed),
    held: runs.filter(({ verdict }) => verdict === 'pass').length,
    exposed: promise === 'none' ? null : exposures.filter((count) => count > 0).length,
    exposureMin: exposures[0] ?? null,
    exposureMedian: exposures[Math.floor(exposures.length / 2)] ?? null,
    withLoss: losses.filter((lost) => lost > 0).length,
    lostMax: Math.max(0, ...losses),
    ackedMin: Math.min(...worths.map(({ acked }) => acked), Number.MAX_SAFE_INTEGER),
    violations: runs.filter(({ verdict }) => verdict === 'fail').length,
    doubts: runs
      .filter(({ verdict }) => verdict !== 'pass')
      .map(({ seed, reasons }) => ({
        seed,
        reasons: reasons.slice(0, reasonsMax).map((reason) => reason.slice(0, reasonLengthMax)),
      })),
  };
}
