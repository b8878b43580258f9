import type { ReadEvent } from '../../../history/events.ts';
import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { lostSends } from './lost-sends.ts';
import { lossyCuts } from './promise.ts';
import { placeOf, rises } from './told.ts';
import type { Cut, Given, Place, Told } from './told.ts';

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
        .map(({ cut }) => behindCursorSince(told, cut, group, record));
      if (behindCursor.includes('yes')) found.add('passed-over', true);
      else found.add('undelivered');
    }
  });
  if (told.log().length === 0) found.doubt();
  return found.verdict();
}

/** Whether the group's cursor outlived what the fault took, and a record that came in its place. */
function behindCursorSince(
  told: Told,
  cut: Cut,
  group: number,
  { partition, offset }: ReadEvent,
): 'yes' | 'no' {
  const log = told.log(partition);
  if (!told.input.capabilities.denseOffsets || !rises(log)) return 'no';
  const lost = lostSends(told)
    .filter((one) => one.legal && one.cut === cut && one.send.ack!.partition === partition)
    .map(({ send }) => ({ ...send.ack!, name: send.name }));
  if (lost.length === 0) return 'no';
  const given = told.given
    .filter((one) => one.group === group)
    .filter(({ event }) => event.partition === partition);
  const before = given.filter(({ event }) => event.time < cut.at);
  const gone: (Place & { name: string })[] = [...lost];
  for (const { event } of before) {
    const name = told.nameOf(event);
    if (name === undefined) continue;
    const ack = told.send(name).ack;
    const wasAckedThere = ack !== undefined && placeOf(ack) === placeOf(event);
    const isThere = log.some(
      (record) => record.offset === event.offset && told.nameOf(record) === name,
    );
    if (!wasAckedThere && !isThere) gone.push({ partition, offset: event.offset, name });
  }
  const holders = gone.filter((one) => one.offset === offset);
  const givenThere = (place: Place, name: string | undefined): Given | undefined =>
    given.find((one) => placeOf(one.event) === placeOf(place) && told.nameOf(one.event) === name);
  const hadIt =
    holders.some((one) => givenThere(one, one.name) !== undefined) ||
    before.some(({ event }) => event.offset >= offset);
  if (holders.length === 0 || !hadIt) return 'no';
  const first = Math.min(...gone.map((one) => one.offset));
  const resumed = log
    .filter((record) => record.offset >= first && told.nameOf(record) !== undefined)
    .filter((record) => givenThere(record, told.nameOf(record)) !== undefined)
    .map((record) => record.offset);
  return offset < Math.min(...resumed) ? 'yes' : 'no';
}
