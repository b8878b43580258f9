import { contestedPlaces, isSuperseded } from './contested.ts';
import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { placeOf } from './told.ts';
import type { Told } from './told.ts';

export function inconsistentOffset(told: Told): OracleVerdict {
  const found = new Findings();
  for (const contested of contestedPlaces(told)) {
    const superseded = isSuperseded(told, contested);
    found.add(superseded ? 'superseded' : 'inconsistent-offset', superseded);
  }
  for (const send of told.sends) {
    const seen = told.seenAt(send);
    if (send.ack === undefined || seen.size === 0) continue;
    if (!seen.has(placeOf(send.ack))) found.add('acked-elsewhere');
  }
  for (const partition of told.partitions()) {
    told.log(partition).forEach((record, index, records) => {
      if (index > 0 && record.offset <= records[index - 1]!.offset) found.add('offset-not-rising');
    });
  }
  if (told.log().length === 0) found.doubt();
  return found.verdict();
}
