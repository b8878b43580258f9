import type { RunRecord } from '../record/record.ts';

/** What the shell and CI see. */
export const exitCodes = {
  pass: 0,
  /** Usage or environment error. */
  error: 1,
  /** Inconclusive or invalid. */
  inconclusive: 2,
  /** A guarantee was violated or a limit missed. */
  violation: 3,
} as const;

const byVerdict = {
  pass: exitCodes.pass,
  inconclusive: exitCodes.inconclusive,
  fail: exitCodes.violation,
} as const;

/** The joined verdict of several runs: fail > inconclusive > pass. */
export function joinVerdicts(verdicts: readonly RunRecord['verdict'][]): RunRecord['verdict'] {
  if (verdicts.includes('fail')) return 'fail';
  return verdicts.includes('inconclusive') || verdicts.length === 0 ? 'inconclusive' : 'pass';
}

export function exitCodeOf(verdict: RunRecord['verdict']): number {
  return byVerdict[verdict];
}
