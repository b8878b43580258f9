import { differences } from './differences.ts';
import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import { lostSends } from './lost-sends.ts';
import { cellOf, mayVanish } from './promise.ts';
import type { Place, Send, Told } from './told.ts';

export function lost(told: Told): OracleVerdict {
  const found = new Findings();
  for (const { send, cut, kind, legal } of lostSends(told)) {
    found.add(kind, legal);
    if (told.wasGiven(send)) found.add(legal ? 'vanished-window' : 'vanished', legal);
    const bounded = cut !== undefined && cellOf(told, cut)?.bounded === true;
    if (bounded && !told.input.exposures.has(cut.id)) found.doubt();
  }
  const excused = mayVanish(told);
  for (const send of told.sends) {
    if (send.outcome === 'ok' || send.outcome === 'fail' || told.inLog(send)) continue;
    if (!told.wasGiven(send) || !told.isRead(0, homeOf(told, send)!.partition)) continue;
    found.add(excused ? 'vanished-unacked-window' : 'vanished-unacked', excused);
  }
  for (const node of told.nodes()) {
    for (const partition of told.partitions()) {
      for (const { left } of differences(told, { left: 0, right: node, partition })) {
        if (left !== undefined && left !== '?' && told.send(left).outcome === 'ok')
          found.add('lost-on-node');
      }
    }
  }
  const acked = told.sends.filter(({ outcome }) => outcome === 'ok');
  if (acked.some((send) => !told.inLog(send) && !told.isRead(0, send.ack!.partition)))
    found.doubt();
  return found.verdict();
}

/** Where a message was acked, else first read through the leaders, else first given. */
function homeOf(told: Told, send: Send): Place | undefined {
  if (send.ack !== undefined) return send.ack;
  const firstRead = told.input.files
    .filter(({ header }) => header.role === 'reader')
    .flatMap(({ events }) => events)
    .find((event) => event.type === 'read' && event.node === 0 && told.nameOf(event) === send.name);
  if (firstRead?.type === 'read') return firstRead;
  return told.given.find((one) => told.nameOf(one.event) === send.name)?.event;
}
