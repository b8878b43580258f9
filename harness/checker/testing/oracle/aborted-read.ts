import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import type { Told } from './told.ts';

export function abortedRead(told: Told): OracleVerdict {
  const found = new Findings();
  for (const send of told.sends) {
    if (send.outcome === 'fail' && (told.inLog(send) || told.wasGiven(send)))
      found.add('aborted-read');
  }
  return found.verdict();
}
