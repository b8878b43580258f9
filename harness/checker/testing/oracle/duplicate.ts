import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { mayVanish } from './promise.ts';
import { placeOf } from './told.ts';
import type { Told } from './told.ts';

export function duplicate(told: Told): OracleVerdict {
  const found = new Findings();
  for (const send of told.sends) {
    if (told.seenAt(send).size < 2) continue;
    const inLog = new Set(
      told
        .log()
        .filter((record) => told.nameOf(record) === send.name)
        .map(placeOf),
    );
    const lostOnceAcked = send.ack !== undefined && !inLog.has(placeOf(send.ack));
    if (told.byRetry(send)) found.add('duplicate-producer-retry', true);
    else if (mayVanish(told) && inLog.size <= 1 && !lostOnceAcked)
      found.add('duplicate-window', true);
    else found.add('duplicate-broker');
  }
  if (told.log().length === 0) found.doubt();
  return found.verdict();
}
