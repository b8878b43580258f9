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
    const used: Excuse[] = [];
    for (const record of told.log()) {
      const name = told.nameOf(record);
      if (name === undefined || told.wasGiven(told.send(name), group)) continue;
      if (record.offset > told.reached(group, record.partition)) {
        found.doubt();
        continue;
      }
      const excuses = lossyCuts(told).flatMap(({ cut, cell }) =>
        givenInstead(told, cut, group, record).filter(({ kind }) =>
          kind === 'passed-over' ? cell.cursorsAhead : cell.splitBrain,
        ),
      );
      const isUsed = (one: Excuse): boolean =>
        used.some(({ cut, send }) => cut === one.cut && send === one.send);
      const fresh = excuses.filter((one) => !isUsed(one));
      const acked = fresh.filter(({ isAckedThere }) => isAckedThere);
      const best = acked.length > 0 ? acked : fresh;
      const excuse = best.find(({ kind }) => kind === 'passed-over') ?? best[0];
      if (excuse === undefined) {
        if (excuses.some(({ send }) => told.byRetry(send))) found.doubt();
        else found.add('undelivered');
      } else {
        found.add(excuse.kind, true);
        if (!excuse.isAckedThere) used.push(excuse);
      }
    }
  });
  if (told.log().length === 0) found.doubt();
  return found.verdict();
}

/** What the group was given in the place of a record. */
interface Excuse {
  readonly kind: 'passed-over' | 'split-brain';
  readonly cut: Cut;
  readonly send: Send;
  /** Else it excuses one position. */
  readonly isAckedThere: boolean;
}

/**
 * What the fault took that the group was given in the place of a record that came there later:
 * before the fault, so that its cursor outlived it, or after it, from what a replica still had.
 */
function givenInstead(
  told: Told,
  cut: Cut,
  group: number,
  { partition, offset }: ReadEvent,
): Excuse[] {
  const log = told.log(partition);
  const lost = lostSends(told)
    .filter((one) => one.legal && one.cut === cut)
    .map(({ send }) => send)
    .filter(({ ack }) => ack!.partition === partition);
  const kept = told.sends
    .filter((send) => send.outcome === 'ok' && send.ack!.time < cut.at && told.inLog(send))
    .map(({ ack }) => ack!)
    .filter((ack) => ack.partition === partition);
  if (!rises(log) || lost.length === 0 || kept.some((ack) => ack.offset >= offset)) return [];
  const given = told.given
    .filter((one) => one.group === group)
    .map(({ event }) => event)
    .filter((event) => event.partition === partition && event.offset === offset);
  return given.flatMap((event): Excuse[] => {
    const name = told.nameOf(event);
    if (name === undefined) return [];
    const send = told.send(name);
    const isAckedThere = send.ack !== undefined && placeOf(send.ack) === placeOf(event);
    const isBefore = event.time < cut.at + (isAckedThere ? 1e9 : 0);
    const isGone = isAckedThere
      ? lost.includes(send)
      : (isBefore && send.ack === undefined) || wasUnderWay(send, cut);
    const kind = isBefore ? 'passed-over' : 'split-brain';
    return isGone ? [{ kind, cut, send, isAckedThere }] : [];
  });
}

/** It had been sent when the fault struck, and its outcome was not known. */
function wasUnderWay({ invokedAt, completedAt }: Send, cut: Cut): boolean {
  return invokedAt < cut.at && completedAt >= cut.at;
}
