import type { RunRecord } from '../record/record.ts';

/** Usage or environment error; the codes of verdicts are `exitCodeOf` of the judge. */
export const errorExitCode = 1;

/** The joined verdict of several runs: fail > inconclusive > pass. */
export function joinVerdicts(verdicts: readonly RunRecord['verdict'][]): RunRecord['verdict'] {
  if (verdicts.includes('fail')) return 'fail';
  return verdicts.includes('inconclusive') || verdicts.length === 0 ? 'inconclusive' : 'pass';
}
