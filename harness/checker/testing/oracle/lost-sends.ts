import { cellOf, lossyCuts, nodeCuts } from './promise.ts';
import { endOf, rises } from './told.ts';
import type { Cut, Place, Send, Told } from './told.ts';

export interface LostSend {
  readonly send: Send;
  /** That explains it, or is blamed for it. */
  readonly cut: Cut | undefined;
  readonly kind: string;
  readonly legal: boolean;
}

/** What was acked and is not in the log, and which fault took it. */
export function lostSends(told: Told): LostSend[] {
  const lost = told.sends.filter(
    (send) => send.outcome === 'ok' && !told.inLog(send) && told.isRead(0, send.ack!.partition),
  );
  const cuts = nodeCuts(told);
  const explaining = new Map(lost.map((send) => [send, cutsThatExplain(told, send)]));
  const holder = new Map<Send, Cut>();
  const next = (send: Send, from: number): void => {
    holder.delete(send);
    const cut = explaining
      .get(send)!
      .find((one) => cuts.indexOf(one) >= from && !isFlushedBefore(told, one, send));
    if (cut !== undefined) holder.set(send, cut);
  };
  for (const send of lost) next(send, 0);
  for (const [index, cut] of cuts.entries()) {
    const exposure = told.input.exposures.get(cut.id);
    if (exposure === undefined || cellOf(told, cut)?.bounded !== true) continue;
    const counted = lost
      .filter((send) => holder.get(send) === cut && send.ack!.time < exposure.measuredAtNanos)
      .toSorted((a, b) => b.ack!.time - a.ack!.time);
    for (const partition of told.partitions()) {
      const there = counted.filter(({ ack }) => ack!.partition === partition);
      for (const send of there.slice(exposure.byPartition[partition])) next(send, index + 1);
    }
  }
  return lost.map((send) => {
    const legal = holder.get(send);
    if (legal !== undefined) return { send, cut: legal, kind: 'lost-window', legal: true };
    const [beyond] = explaining.get(send)!;
    if (beyond !== undefined)
      return { send, cut: beyond, kind: 'lost-beyond-window', legal: false };
    const blamed = cuts.find((cut) => couldTake(told, cut, send));
    return { send, cut: blamed, kind: `lost-${lossPlace(told, send, blamed)}`, legal: false };
  });
}

/** Whatever their bounds. */
function cutsThatExplain(told: Told, send: Send): Cut[] {
  return lossyCuts(told)
    .filter(({ cell }) => cell.mayVanish || !told.wasGiven(send))
    .map(({ cut }) => cut)
    .filter((cut) => couldTake(told, cut, send))
    .filter((cut) => ['tail', 'all'].includes(lossPlace(told, send, cut)));
}

/** Whether the fault could take it at all: it was sent before, or while a lasting one lasted. */
function couldTake(told: Told, cut: Cut, send: Send): boolean {
  const until = cellOf(told, cut)?.lasts === true ? cut.healedAt : cut.at;
  return until >= send.invokedAt && send.ack!.time <= until + 1e9;
}

/** Compared with what was acked before the fault and survived. */
function lossPlace(told: Told, send: Send, cut: Cut | undefined): string {
  const survivors = told.sends.filter(
    (other) =>
      other.outcome === 'ok' &&
      told.inLog(other) &&
      other.ack!.partition === send.ack!.partition &&
      (cut === undefined || other.ack!.time < cut.at),
  );
  const own = survivors.filter(({ producer }) => producer === send.producer);
  const before =
    survivors.some(({ ack }) => ack!.offset < send.ack!.offset) ||
    own.some(({ sequence }) => sequence < send.sequence);
  const behind =
    survivors.some(({ ack }) => ack!.offset > send.ack!.offset) ||
    own.some(({ sequence }) => sequence > send.sequence) ||
    leavesGap(told, send.ack!);
  if (before) return behind ? 'middle' : 'tail';
  if (behind) return 'prefix';
  return survivors.length === 0 ? 'all' : 'unplaced';
}

/** The log goes on behind a place that holds nothing. */
function leavesGap(told: Told, { partition, offset }: Place): boolean {
  const log = told.copy(0, partition);
  if (!told.input.capabilities.denseOffsets || log === undefined || !rises(log.records))
    return false;
  return !log.records.some((record) => record.offset === offset) && endOf(log) > offset;
}

function isFlushedBefore(told: Told, cut: Cut, send: Send): boolean {
  const { exposures, plan } = told.input;
  const exposure = exposures.get(cut.id);
  if (!cellOf(told, cut)!.flushed) return false;
  // NATS says no more of its syncs than that their interval is kept.
  const unmeasured = { measuredAtNanos: cut.at, syncMsMax: 10_000 };
  if (exposure === undefined && plan.target !== 'nats') return false;
  const { measuredAtNanos, syncMsMax } = exposure ?? unmeasured;
  const sinceMs = (measuredAtNanos - send.ack!.time) / 1e6;
  return sinceMs > plan.scenario.topic.flushInterval + syncMsMax;
}
