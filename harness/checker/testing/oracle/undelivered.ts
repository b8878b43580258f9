import type { ReadEvent } from '../../../history/events.ts';
import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { lostSends } from './lost-sends.ts';
import { lossyCuts } from './promise.ts';
import { placeOf, rises } from './told.ts';
import type { Cut, Send, Told } from './told.ts';

export function undelivered(told: Told): OracleVerdict {
  const found = new Findings();
  told.groups.forEach((_, group) => {
    for (const record of told.log()) {
      const name = told.nameOf(record);
      if (name === undefined || told.wasGiven(told.send(name), group)) continue;
      if (record.offset > told.reached(group, record.partition)) {
        found.doubt();
        continue;
      }
      const kinds = lossyCuts(told).flatMap(({ cut, cell }) => {
        const given = givenInstead(told, cut, group, record);
        return [
          ...(cell.cursorsAhead && given.before ? (['passed-over'] as const) : []),
          ...(cell.splitBrain && given.after ? (['split-brain'] as const) : []),
        ];
      });
      if (kinds.length === 0) found.add('undelivered');
      else found.add(kinds.includes('passed-over') ? 'passed-over' : 'split-brain', true);
    }
  });
  if (told.log().length === 0) found.doubt();
  return found.verdict();
}

/**
 * Whether the group was given what the fault took in the place of a record that came there later:
 * before the fault, so that its cursor outlived it, or after it, from what a replica still had.
 */
function givenInstead(
  told: Told,
  cut: Cut,
  group: number,
  { partition, offset }: ReadEvent,
): { readonly before: boolean; readonly after: boolean } {
  const log = told.log(partition);
  const lost = lostSends(told)
    .filter((one) => one.legal && one.cut === cut)
    .map(({ send }) => send)
    .filter(({ ack }) => ack!.partition === partition);
  const kept = told.sends
    .filter((send) => send.outcome === 'ok' && send.ack!.time < cut.at && told.inLog(send))
    .map(({ ack }) => ack!)
    .filter((ack) => ack.partition === partition);
  if (!rises(log) || lost.length === 0 || kept.some((ack) => ack.offset >= offset))
    return { before: false, after: false };
  const given = told.given
    .filter((one) => one.group === group)
    .map(({ event }) => event)
    .filter((event) => event.partition === partition && event.offset === offset);
  let before = false;
  let after = false;
  for (const event of given) {
    const name = told.nameOf(event);
    if (name === undefined) continue;
    const send = told.send(name);
    const isAckedThere = send.ack !== undefined && placeOf(send.ack) === placeOf(event);
    if (isAckedThere) {
      if (!lost.includes(send)) continue;
      if (event.time < cut.at + 1e9) before = true;
      else after = true;
    } else if (event.time < cut.at) before = true;
    else if (wasUnderWay(send, cut)) after = true;
  }
  return { before, after };
}

/** It had been sent when the fault struck, and its outcome was not known. */
function wasUnderWay({ invokedAt, completedAt }: Send, cut: Cut): boolean {
  return invokedAt < cut.at && completedAt >= cut.at;
}
