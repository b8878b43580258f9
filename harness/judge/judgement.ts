import type { RunRecord } from '../record/record.ts';

/** What is said of a run, in the fields of its record. */
export type Judgement = Pick<
  RunRecord,
  | 'accounting'
  | 'faults'
  | 'recovery'
  | 'lossBounds'
  | 'limits'
  | 'verdicts'
  | 'verdict'
  | 'reasons'
>;

/** What the measurements of the same history contribute: numbers that a scenario may limit. */
export interface Measured {
  /** Why rates and latencies cannot be trusted (a saturated generator, ...), as sentences. */
  readonly doubts: readonly string[];
  /** Milliseconds over the measured phases; null without enough samples. */
  /** Over all that was due: what had no response counts as slower than any. */
  readonly responseP99Ms: number | null;
  readonly due: Due;
  readonly endToEndP99Ms: number | null;
  /** Messages per second over the measured phases; null when there was none. */
  readonly ackedPerSecond: number | null;
}

/** What became of the messages that were due in the measured phases. */
export interface Due {
  readonly due: number;
  readonly acked: number;
  /** Failed, or given up without an answer; the rest was never offered, or nobody knows. */
  readonly failed: number;
}

/** 0 pass, 2 inconclusive, 3 violation; 1 is for usage and environment and never a judgement. */
export function exitCodeOf(verdict: RunRecord['verdict']): 0 | 2 | 3 {
  switch (verdict) {
    case 'pass':
      return 0;
    case 'inconclusive':
      return 2;
    case 'fail':
      return 3;
  }
}

/** The joined verdict of several runs: fail > inconclusive > pass. */
export function joinVerdicts(verdicts: readonly RunRecord['verdict'][]): RunRecord['verdict'] {
  if (verdicts.includes('fail')) return 'fail';
  return verdicts.includes('inconclusive') || verdicts.length === 0 ? 'inconclusive' : 'pass';
}
