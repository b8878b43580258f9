import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { lostSends } from './lost-sends.ts';
import { lossyCuts } from './promise.ts';
import type { Told } from './told.ts';

export function lossWindow(told: Told): OracleVerdict {
  const found = new Findings();
  const lost = lostSends(told);
  for (const { cut } of lossyCuts(told)) {
    if (lost.some((one) => one.cut === cut)) continue;
    const exposure = told.input.exposures.get(cut.id);
    if (exposure?.byPartition.some((messages) => messages > 0) !== true) found.doubt();
  }
  return found.verdict();
}
