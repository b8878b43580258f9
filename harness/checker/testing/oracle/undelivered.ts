import type { ReadEvent } from '../../../history/events.ts';
import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { lostSends } from './lost-sends.ts';
import { lossyCuts } from './promise.ts';
import { placeOf, rises } from './told.ts';
import type { Cut, Told } from './told.ts';

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
      const behindCursor = lossyCuts(told)
        .filter(({ cell }) => cell.cursorsAhead)
        .some(({ cut }) => isBehindCursorSince(told, cut, group, record));
      if (behindCursor) found.add('passed-over', true);
      else found.add('undelivered');
    }
  });
  if (told.log().length === 0) found.doubt();
  return found.verdict();
}

/** Whether the group's cursor outlived what the fault took, and a record that came in its place. */
function isBehindCursorSince(
  told: Told,
  cut: Cut,
  group: number,
  { partition, offset }: ReadEvent,
): boolean {
  const log = told.log(partition);
  if (!rises(log)) return false;
  const lost = lostSends(told)
    .filter((one) => one.legal && one.cut === cut)
    .map(({ send }) => send)
    .filter(({ ack }) => ack!.partition === partition);
  if (lost.length === 0) return false;
  const kept = told.sends
    .filter((send) => send.outcome === 'ok' && send.ack!.time < cut.at && told.inLog(send))
    .map(({ ack }) => ack!)
    .filter((ack) => ack.partition === partition);
  if (kept.some((ack) => ack.offset >= offset)) return false;
  const given = told.given
    .filter((one) => one.group === group)
    .map(({ event }) => event)
    .filter((event) => event.partition === partition);
  return given
    .filter((event) => event.offset === offset)
    .some((event) => {
      const name = told.nameOf(event);
      if (name === undefined) return false;
      const { ack } = told.send(name);
      return ack !== undefined && placeOf(ack) === placeOf(event)
        ? lost.some((send) => send.name === name) && event.time < cut.at + 1e9
        : event.time < cut.at;
    });
}
