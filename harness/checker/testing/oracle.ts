import type { Capabilities } from '../../driver/driver.ts';
import type {
  DeliveryEvent,
  HistoryEvent,
  HistoryHeader,
  ReadEndEvent,
  ReadEvent,
} from '../../history/events.ts';
import type { Plan } from '../../scenario/plan-types.ts';

/**
 * The checkers' definitions again, as plain loops over plain lists: quadratic, and meant to be read
 * and believed. It shares no code with the checkers; the property test holds both to one result.
 * One long file, so that it can be read from top to bottom beside the essays of the checkers.
 */
export interface OracleFile {
  readonly header: HistoryHeader;
  readonly events: readonly HistoryEvent[];
}

export interface OracleInput {
  readonly files: readonly OracleFile[];
  readonly plan: Plan;
  readonly capabilities: Capabilities;
  readonly exposures: ReadonlyMap<
    number,
    { readonly messages: number; readonly syncMsMax: number; readonly measuredAtNanos: number }
  >;
}

export interface OracleVerdict {
  readonly verdict: 'valid' | 'invalid' | 'unknown';
  /** By kind; without kinds that did not occur. */
  readonly anomalies: Readonly<Record<string, number>>;
}

interface Send {
  readonly name: string;
  readonly producer: number;
  readonly sequence: number;
  readonly key: number;
  readonly invokedAt: number;
  outcome: 'ok' | 'fail' | 'info' | 'none';
  attempts: number;
  ack: { partition: number; offset: number; time: number } | undefined;
}

/** A fault that took effect. */
interface Cut {
  readonly id: number;
  readonly kind: string;
  readonly at: number;
  readonly victims: number;
  healedAt: number;
}

/** What the mode promises after a fault; undefined = nothing is lost. */
interface Cell {
  readonly bounded: boolean;
  /** Nothing that was acked earlier than the flush interval and a sync may go. */
  readonly flushed: boolean;
  readonly mayVanish: boolean;
  readonly lasts: boolean;
}

interface LostSend {
  readonly send: Send;
  readonly cut: Cut | undefined;
  readonly kind: string;
  readonly legal: boolean;
}

interface Given {
  readonly group: number;
  /** Consumer file and assignment. */
  readonly session: string;
  readonly event: DeliveryEvent;
}

interface Copy {
  readonly records: ReadEvent[];
  readonly end: ReadEndEvent | undefined;
}

export class Oracle {
  readonly #input: OracleInput;
  readonly #sends: Send[] = [];
  readonly #given: Given[] = [];
  readonly #attempts = new Map<string, Copy[]>();
  readonly #cuts: Cut[] = [];
  #lostOnes: LostSend[] | undefined;
  readonly #groups: string[];
  #wholeLog: ReadEvent[] | undefined;
  readonly #names = new Map<HistoryEvent, string>();

  constructor(input: OracleInput) {
    this.#input = input;
    this.#groups = [...new Set(input.plan.consumers.map(({ group }) => group))];
    for (const { header, events } of input.files) this.#file(header, events);
    this.#cuts.sort((a, b) => a.at - b.at);
  }

  /** By check; those that do not apply are left out. */
  verdicts(): Record<string, OracleVerdict> {
    const consumers = this.#groups.length > 0;
    const several = this.#replicas() > 1;
    return {
      lost: this.#lost(),
      duplicate: this.#duplicate(),
      order: this.#order(),
      ...(consumers
        ? { undelivered: this.#undelivered(), redelivery: this.#redelivery(), poll: this.#poll() }
        : {}),
      'never-sent': this.#neverSent(),
      corrupted: this.#corrupted(),
      'aborted-read': this.#abortedRead(),
      'inconsistent-offset': this.#inconsistentOffset(),
      ...(several ? { 'replica-divergence': this.#divergence() } : {}),
      ...(this.#input.plan.faults.length > 0 ? { 'loss-window': this.#lossWindow() } : {}),
      drain: this.#drain(),
    };
  }

  /** Of the run, as far as the history itself goes. */
  verdict(verdicts: Record<string, OracleVerdict>): 'pass' | 'inconclusive' | 'fail' {
    const all = Object.values(verdicts).map(({ verdict }) => verdict);
    if (all.includes('invalid')) return 'fail';
    const acked = this.#sends.some(({ outcome }) => outcome === 'ok');
    const unhurt = this.#input.plan.faults.some(
      ({ id }) => !this.#cuts.some((cut) => cut.id === id),
    );
    return all.includes('unknown') || !acked || unhurt ? 'inconclusive' : 'pass';
  }

  #file({ worker, role }: HistoryHeader, events: readonly HistoryEvent[]): void {
    let assignment = 0;
    const group = this.#groups.indexOf(
      this.#input.plan.consumers.find(
        (consumer) => worker.split('.')[0] === `consumer-${consumer.worker}`,
      )?.group ?? '',
    );
    const sessions: number[] = [];
    for (const event of events) {
      if (event.type === 'invoke') {
        const { producer, sequence, key, time } = event;
        this.#sends.push({
          name: `${producer}/${sequence}`,
          producer,
          sequence,
          key,
          invokedAt: time,
          outcome: 'none',
          attempts: 0,
          ack: undefined,
        });
      } else if (event.type === 'complete') {
        const send = this.#sends.find(
          ({ name }) => name === `${event.producer}/${event.sequence}`,
        )!;
        send.outcome = event.outcome;
        send.attempts = event.attempts;
        if (event.outcome === 'ok')
          send.ack = { partition: event.partition, offset: event.offset, time: event.time };
      } else if (
        event.type === 'assigned' ||
        event.type === 'revoked' ||
        event.type === 'diverged'
      ) {
        sessions[event.partition] = ++assignment;
      } else if (event.type === 'delivery') {
        const session = `${worker} ${event.partition} ${sessions[event.partition] ?? 0}`;
        this.#given.push({ group, session, event });
      } else if (event.type === 'read') {
        this.#openCopy(event.node, event.partition).records.push(event);
      } else if (event.type === 'read-end') {
        const copy = this.#openCopy(event.node, event.partition);
        const list = this.#attempts.get(`${event.node} ${event.partition}`)!;
        list[list.length - 1] = { records: copy.records, end: event };
      } else if (event.type === 'fault' && event.step === 'effective' && role === 'harness') {
        const { fault: id, kind, time: at, victims } = event;
        this.#cuts.push({ id, kind, at, victims: victims.length, healedAt: Infinity });
      } else if (event.type === 'fault' && event.step === 'healed') {
        this.#cuts.find(({ id }) => id === event.fault)!.healedAt = event.time;
      }
    }
  }

  #openCopy(node: number, partition: number): Copy {
    const place = `${node} ${partition}`;
    if (!this.#attempts.has(place)) this.#attempts.set(place, []);
    const list = this.#attempts.get(place)!;
    if (list.length === 0 || list.at(-1)!.end !== undefined)
      list.push({ records: [], end: undefined });
    return list.at(-1)!;
  }

  #copy(node: number, partition: number): Copy | undefined {
    const list = this.#attempts.get(`${node} ${partition}`) ?? [];
    return list.findLast(({ end }) => end?.complete === true) ?? list.at(-1);
  }

  #isRead(node: number, partition: number): boolean {
    return this.#copy(node, partition)?.end?.complete === true;
  }

  #partitions(): number[] {
    return Array.from(
      { length: this.#input.plan.scenario.topic.partitions },
      (_, partition) => partition,
    );
  }

  #nodes(): number[] {
    return Array.from({ length: 9 }, (_, index) => index + 1).filter((node) =>
      this.#partitions().some((partition) => this.#attempts.has(`${node} ${partition}`)),
    );
  }

  #replicas(): number {
    return this.#input.plan.scenario.topic.replicas!;
  }

  #log(partition?: number): ReadEvent[] {
    this.#wholeLog ??= this.#partitions().flatMap((one) => this.#copy(0, one)?.records ?? []);
    return partition === undefined
      ? this.#wholeLog
      : this.#wholeLog.filter((record) => record.partition === partition);
  }

  #nameOf(event: ReadEvent | DeliveryEvent): string | undefined {
    let name = this.#names.get(event);
    if (name === undefined) {
      const said = `${event.producer}/${event.sequence}`;
      const known =
        event.intact && !event.foreign && this.#sends.some((send) => send.name === said);
      this.#names.set(event, (name = known ? said : ''));
    }
    return name === '' ? undefined : name;
  }

  #send(name: string): Send {
    return this.#sends.find((send) => send.name === name)!;
  }

  #inLog(send: Send): boolean {
    return this.#log().some((record) => this.#nameOf(record) === send.name);
  }

  #wasGiven(send: Send, group?: number): boolean {
    return this.#given.some(
      (one) =>
        this.#nameOf(one.event) === send.name && (group === undefined || one.group === group),
    );
  }

  #cell(cut: Cut): Cell | undefined {
    const { nodes, topic } = this.#input.plan.scenario;
    const { flush, replication } = topic;
    const power = cut.kind === 'power-cut';
    const all = cut.victims === nodes;
    const forgets = power && flush !== 'sync';
    const lasts = cut.kind === 'cut';
    if (replication === 'async') {
      const bounded = !(power && all && flush === 'sync');
      return { bounded, flushed: false, mayVanish: forgets, lasts };
    }
    if (!forgets) return undefined;
    const bounded = replication === 'none' || all;
    return { bounded, flushed: bounded && flush === 'async', mayVanish: true, lasts };
  }

  #lossyCuts(): { cut: Cut; cell: Cell }[] {
    return this.#cuts.flatMap((cut) => {
      const cell = this.#cell(cut);
      return cell === undefined ? [] : [{ cut, cell }];
    });
  }

  #mayVanish(): boolean {
    return this.#lossyCuts().some(({ cell }) => cell.mayVanish);
  }

  /** Whether the fault could take it at all: it was sent before, or while a lasting one lasted. */
  #couldTake(cut: Cut, send: Send): boolean {
    const until = this.#cell(cut)?.lasts === true ? cut.healedAt : cut.at;
    return until >= send.invokedAt && send.ack!.time <= until + 1e9;
  }

  #placeOf(send: Send, cut: Cut | undefined): string {
    const survivors = this.#sends.filter(
      (other) =>
        other.outcome === 'ok' &&
        this.#inLog(other) &&
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
      this.#leavesGap(send.ack!);
    if (before) return behind ? 'middle' : 'tail';
    if (behind) return 'prefix';
    return survivors.length === 0 ? 'all' : 'unplaced';
  }

  /** The log goes on behind a place that holds nothing. */
  #leavesGap({ partition, offset }: { partition: number; offset: number }): boolean {
    const log = this.#copy(0, partition);
    if (!this.#input.capabilities.denseOffsets || log === undefined || !rises(log.records))
      return false;
    return !log.records.some((record) => record.offset === offset) && endOf(log) > offset;
  }

  /** The faults that explain the loss, whatever their bounds. */
  #explaining(send: Send): Cut[] {
    return this.#lossyCuts()
      .filter(({ cell }) => cell.mayVanish || !this.#wasGiven(send))
      .map(({ cut }) => cut)
      .filter((cut) => this.#couldTake(cut, send))
      .filter((cut) => ['tail', 'all'].includes(this.#placeOf(send, cut)));
  }

  #isFlushedBefore(cut: Cut, send: Send): boolean {
    const exposure = this.#input.exposures.get(cut.id);
    if (!this.#cell(cut)!.flushed || exposure === undefined) return false;
    const { flushInterval } = this.#input.plan.scenario.topic;
    const sinceMs = (exposure.measuredAtNanos - send.ack!.time) / 1e6;
    return sinceMs > flushInterval + exposure.syncMsMax;
  }

  #lostSends(): LostSend[] {
    if (this.#lostOnes !== undefined) return this.#lostOnes;
    const lost = this.#sends.filter(
      (send) =>
        send.outcome === 'ok' && !this.#inLog(send) && this.#isRead(0, send.ack!.partition),
    );
    const holder = new Map<Send, Cut>();
    const next = (send: Send, from: number): void => {
      holder.delete(send);
      const cut = this.#explaining(send).find(
        (one) => this.#cuts.indexOf(one) >= from && !this.#isFlushedBefore(one, send),
      );
      if (cut !== undefined) holder.set(send, cut);
    };
    for (const send of lost) next(send, 0);
    for (const [index, cut] of this.#cuts.entries()) {
      const exposure = this.#input.exposures.get(cut.id);
      if (exposure === undefined || this.#cell(cut)?.bounded !== true) continue;
      const counted = lost
        .filter((send) => holder.get(send) === cut && send.ack!.time < exposure.measuredAtNanos)
        .toSorted((a, b) => b.ack!.time - a.ack!.time);
      for (const send of counted.slice(exposure.messages)) next(send, index + 1);
    }
    return (this.#lostOnes = lost.map((send) => {
      const legal = holder.get(send);
      if (legal !== undefined) return { send, cut: legal, kind: 'lost-window', legal: true };
      const [beyond] = this.#explaining(send);
      if (beyond !== undefined)
        return { send, cut: beyond, kind: 'lost-beyond-window', legal: false };
      const blamed = this.#cuts.find((cut) => this.#couldTake(cut, send));
      return { send, cut: blamed, kind: `lost-${this.#placeOf(send, blamed)}`, legal: false };
    }));
  }

  #lost(): OracleVerdict {
    const found = new Findings();
    for (const { send, cut, kind, legal } of this.#lostSends()) {
      found.add(kind, legal);
      if (this.#wasGiven(send)) found.add(legal ? 'vanished-window' : 'vanished', legal);
      const bounded = cut !== undefined && this.#cell(cut)?.bounded === true;
      if (bounded && !this.#input.exposures.has(cut.id)) found.doubt();
    }
    for (const send of this.#sends) {
      if (send.outcome === 'ok' || send.outcome === 'fail' || this.#inLog(send)) continue;
      const first = this.#given.find((one) => this.#nameOf(one.event) === send.name);
      if (first === undefined || !this.#isRead(0, this.#homeOf(send)!.partition)) continue;
      if (this.#mayVanish()) found.add('vanished-unacked-window', true);
      else found.add('vanished-unacked');
    }
    for (const node of this.#nodes()) {
      for (const { left } of this.#partitions().flatMap((partition) =>
        this.#differences(0, node, partition),
      )) {
        if (left !== undefined && left !== '?' && this.#send(left).outcome === 'ok')
          found.add('lost-on-node');
      }
    }
    const acked = this.#sends.filter(({ outcome }) => outcome === 'ok');
    if (acked.some((send) => !this.#inLog(send) && !this.#isRead(0, send.ack!.partition)))
      found.doubt();
    return found.verdict();
  }

  /** Where a message was acked, else first read through the leaders, else first given. */
  #homeOf(send: Send): { partition: number; offset: number } | undefined {
    if (send.ack !== undefined) return send.ack;
    const firstRead = [...this.#input.files]
      .filter(({ header }) => header.role === 'reader')
      .flatMap(({ events }) => events)
      .find(
        (event) => event.type === 'read' && event.node === 0 && this.#nameOf(event) === send.name,
      );
    if (firstRead?.type === 'read') return firstRead;
    return this.#given.find((one) => this.#nameOf(one.event) === send.name)?.event;
  }

  /** All places that deliveries and the final read name for a message. */
  #seenAt(send: Send): Set<string> {
    const events = [...this.#log(), ...this.#given.map((one) => one.event)];
    const here = events.filter((event) => this.#nameOf(event) === send.name);
    return new Set(here.map(({ partition, offset }) => `${partition}@${offset}`));
  }

  /** All places that acks, deliveries and the final read name for a message. */
  #placesOf(send: Send): Set<string> {
    const places = this.#seenAt(send);
    if (send.ack !== undefined) places.add(`${send.ack.partition}@${send.ack.offset}`);
    return places;
  }

  #byRetry(send: Send): boolean {
    const { idempotent } = this.#input.plan.scenario.workload;
    if (idempotent && this.#input.capabilities.idempotence) return false;
    return !(send.attempts === 1 && (send.outcome === 'ok' || send.outcome === 'fail'));
  }

  #duplicate(): OracleVerdict {
    const found = new Findings();
    for (const send of this.#sends) {
      if (this.#seenAt(send).size < 2) continue;
      const inLog = new Set(
        this.#log().filter((record) => this.#nameOf(record) === send.name).map(placeOf),
      );
      const lostOnceAcked = send.ack !== undefined && !inLog.has(placeOf(send.ack));
      if (this.#byRetry(send)) found.add('duplicate-producer-retry', true);
      else if (this.#mayVanish() && inLog.size <= 1 && !lostOnceAcked)
        found.add('duplicate-window', true);
      else found.add('duplicate-broker');
    }
    if (this.#log().length === 0) found.doubt();
    return found.verdict();
  }

  #order(): OracleVerdict {
    const found = new Findings();
    const report = (list: readonly string[], kind: string): void => {
      list.forEach((name, index) => {
        const send = this.#send(name);
        const late = list.slice(0, index).some((earlier) => {
          const other = this.#send(earlier);
          return (
            other.producer === send.producer &&
            other.key === send.key &&
            other.sequence > send.sequence
          );
        });
        if (!late) return;
        if (this.#byRetry(send)) found.add('reordered-producer-retry', true);
        else found.add(kind);
      });
    };
    const seen = new Set<string>();
    let compared = 0;
    for (const partition of this.#partitions()) {
      const names = this.#log(partition)
        .flatMap((record) => this.#nameOf(record) ?? [])
        .filter((name) => !seen.has(name) && seen.add(name));
      compared += names.length;
      report(names, 'reordered');
    }
    for (const session of new Set(this.#given.map((one) => one.session))) {
      const names = this.#given
        .filter((one) => one.session === session)
        .flatMap((one) => this.#nameOf(one.event) ?? []);
      compared += names.length;
      report([...new Set(names)], 'reordered-delivery');
    }
    if (compared === 0) found.doubt();
    return found.verdict();
  }

  #furthest(group: number, partition: number): number {
    return Math.max(
      -1,
      ...this.#given
        .filter((one) => one.group === group && one.event.partition === partition)
        .map((one) => one.event.offset),
    );
  }

  #undelivered(): OracleVerdict {
    const found = new Findings();
    this.#groups.forEach((_, group) => {
      for (const record of this.#log()) {
        const name = this.#nameOf(record);
        if (name === undefined || this.#wasGiven(this.#send(name), group)) continue;
        if (record.offset > this.#furthest(group, record.partition)) found.doubt();
        else found.add('undelivered');
      }
    });
    if (this.#log().length === 0) found.doubt();
    return found.verdict();
  }

  #redelivery(): OracleVerdict {
    const found = new Findings();
    this.#given.forEach((one, index) => {
      const name = this.#nameOf(one.event);
      const again = this.#given
        .slice(0, index)
        .some(
          (other) =>
            other.group === one.group &&
            name !== undefined &&
            this.#nameOf(other.event) === name &&
            isAt(other.event, one.event),
        );
      if (again) found.add('redelivered', true);
    });
    return found.verdict();
  }

  #poll(): OracleVerdict {
    const found = new Findings();
    let pairs = 0;
    for (const session of new Set(this.#given.map((one) => one.session))) {
      const list = this.#given.filter((one) => one.session === session).map((one) => one.event);
      for (let index = 1; index < list.length; index++) {
        const [before, after] = [list[index - 1]!, list[index]!];
        pairs++;
        if (after.offset <= before.offset) found.add('rewound');
        else if (this.#input.capabilities.denseOffsets) {
          if (after.offset > before.offset + 1) found.add('skipped');
        } else if (!this.#isRead(0, after.partition) || !rises(this.#log(after.partition)))
          found.doubt();
        else if (
          this.#log(after.partition).some(
            ({ offset }) => offset > before.offset && offset < after.offset,
          )
        )
          found.add('skipped');
      }
    }
    const first = this.#lossyCuts()[0]?.cut.at ?? Infinity;
    for (const { header, events } of this.#input.files) {
      if (header.role !== 'consumer') continue;
      for (const event of events) {
        if (event.type !== 'diverged') continue;
        if (event.time >= first) found.add('sent-back-window', true);
        else found.add('sent-back');
      }
    }
    if (pairs === 0) found.doubt();
    return found.verdict();
  }

  #reads(): ReadEvent[] {
    return this.#input.files
      .flatMap(({ events }) => events)
      .filter((event) => event.type === 'read');
  }

  #neverSent(): OracleVerdict {
    const found = new Findings();
    const all = [...this.#reads(), ...this.#given.map((one) => one.event)];
    const strange = all.filter((event) => event.intact && this.#nameOf(event) === undefined);
    for (const name of new Set(
      strange.map(
        ({ foreign, producer, sequence }) =>
          `${foreign ? 'foreign' : 'never-sent'} ${producer}/${sequence}`,
      ),
    )) {
      found.add(name.split(' ')[0]!);
    }
    if (all.length === 0) found.doubt();
    return found.verdict();
  }

  #corrupted(): OracleVerdict {
    const found = new Findings();
    const all = [...this.#reads(), ...this.#given.map((one) => one.event)];
    for (const _ of new Set(
      all.filter(({ intact }) => !intact).map(({ partition, offset }) => `${partition}@${offset}`),
    ))
      found.add('checksum');
    for (const send of this.#sends) {
      if (all.some((event) => this.#nameOf(event) === send.name && event.key !== send.key))
        found.add('key-changed');
    }
    this.#groups.forEach((_, group) => {
      const events = this.#given.filter((one) => one.group === group).map((one) => one.event);
      for (const place of new Set(
        events.map(({ partition, offset }) => `${partition}@${offset}`),
      )) {
        const names = events
          .filter(({ partition, offset }) => `${partition}@${offset}` === place)
          .flatMap((event) => this.#nameOf(event) ?? []);
        if (new Set(names).size < 2) continue;
        const { holders } = this.#contested().find((one) => one.place === place)!;
        const legal = this.#isSuperseded(place, holders);
        found.add(legal ? 'redelivery-superseded' : 'redelivery-changed', legal);
      }
    });
    if (all.length === 0) found.doubt();
    return found.verdict();
  }

  #abortedRead(): OracleVerdict {
    const found = new Findings();
    for (const send of this.#sends) {
      if (send.outcome === 'fail' && (this.#inLog(send) || this.#wasGiven(send)))
        found.add('aborted-read');
    }
    return found.verdict();
  }

  /** Places that hold more than one message among acks, deliveries and the final read. */
  #contested(): { place: string; holders: Send[] }[] {
    const places = new Set(this.#sends.flatMap((send) => [...this.#placesOf(send)]));
    return [...places].flatMap((place) => {
      const holders = this.#sends.filter((send) => this.#placesOf(send).has(place));
      return holders.length < 2 ? [] : [{ place, holders }];
    });
  }

  /** A cut log that has grown again explains it: all but one are gone, and were allowed to go. */
  #isSuperseded(place: string, holders: readonly Send[]): boolean {
    const isHere = (event: ReadEvent | DeliveryEvent, send: Send) =>
      this.#nameOf(event) === send.name && placeOf(event) === place;
    const gone = holders.filter((send) => !this.#log().some((record) => isHere(record, send)));
    if (this.#lossyCuts().length === 0 || holders.length - gone.length > 1) return false;
    return gone.every((send) => {
      if (this.#mayVanish()) {
        const wasAckedHere = send.ack !== undefined && placeOf(send.ack) === place;
        return !this.#inLog(send) || !wasAckedHere;
      }
      return !this.#inLog(send) && !this.#given.some((one) => isHere(one.event, send));
    });
  }

  #inconsistentOffset(): OracleVerdict {
    const found = new Findings();
    const log = this.#log();
    for (const { place, holders } of this.#contested()) {
      const superseded = this.#isSuperseded(place, holders);
      found.add(superseded ? 'superseded' : 'inconsistent-offset', superseded);
    }
    for (const send of this.#sends) {
      const seen = this.#seenAt(send);
      if (send.ack === undefined || seen.size === 0) continue;
      if (!seen.has(`${send.ack.partition}@${send.ack.offset}`)) found.add('acked-elsewhere');
    }
    for (const partition of this.#partitions()) {
      this.#log(partition).forEach((record, index, records) => {
        if (index > 0 && record.offset <= records[index - 1]!.offset)
          found.add('offset-not-rising');
      });
    }
    if (log.length === 0) found.doubt();
    return found.verdict();
  }

  /** Where a node's copy differs from another, as names; `?` = no message of this run. */
  #differences(
    leftNode: number,
    rightNode: number,
    partition: number,
    from = 0,
  ): { left: string | undefined; right: string | undefined }[] {
    const left = this.#copy(leftNode, partition);
    const right = this.#copy(rightNode, partition);
    if (left === undefined || right === undefined || !rises(left.records) || !rises(right.records))
      return [];
    const startOf = (copy: Copy) =>
      copy.end?.complete ? copy.end.startOffset : (copy.records[0]?.offset ?? 0);
    const low = Math.max(
      from,
      right.end?.complete ? startOf(left) : Math.max(startOf(left), startOf(right)),
    );
    const ends = leftNode === 0 && left.end?.complete ? [right] : [left, right];
    const high = Math.min(...ends.map((copy) => endOf(copy)));
    const nameAt = (copy: Copy, offset: number) => {
      const record = copy.records.find((one) => one.offset === offset);
      return record === undefined ? undefined : (this.#nameOf(record) ?? '?');
    };
    const offsets = new Set(
      [...left.records, ...right.records]
        .map(({ offset }) => offset)
        .filter((offset) => offset >= low && offset < high),
    );
    return [...offsets]
      .map((offset) => ({ left: nameAt(left, offset), right: nameAt(right, offset) }))
      .filter((pair) => pair.left !== pair.right);
  }

  #divergence(): OracleVerdict {
    const found = new Findings();
    for (const partition of this.#partitions()) {
      const nodes = this.#nodes().filter((node) => this.#copy(node, partition) !== undefined);
      if (nodes.filter((node) => this.#isRead(node, partition)).length < this.#replicas())
        found.doubt();
      for (const node of nodes) {
        this.#copy(node, partition)!.records.forEach((record, index, records) => {
          if (index > 0 && record.offset <= records[index - 1]!.offset)
            found.add('offset-not-rising');
        });
      }
      const end = (node: number) => endOf(this.#copy(node, partition)!);
      const furthest = (some: readonly number[]) =>
        some.find((node) => some.every((other) => end(other) <= end(node)));
      const all = this.#copy(0, partition) === undefined ? nodes : [0, ...nodes];
      const measure = this.#isRead(0, partition)
        ? 0
        : furthest(all.filter((node) => this.#isRead(node, partition)));
      for (const node of all) {
        if (measure === undefined || node === measure) continue;
        for (const _ of this.#differences(measure, node, partition)) found.add('diverged');
      }
      if (measure === 0) continue;
      const from = measure === undefined ? 0 : end(measure);
      const beyond = all.filter((node) => end(node) > from);
      for (const node of beyond) {
        const first = furthest(beyond)!;
        if (node === first) continue;
        for (const _ of this.#differences(first, node, partition, from)) found.add('diverged');
      }
    }
    return found.verdict();
  }

  #lossWindow(): OracleVerdict {
    const found = new Findings();
    for (const { cut } of this.#lossyCuts()) {
      if (this.#lostSends().some((lost) => lost.cut === cut)) continue;
      if (!((this.#input.exposures.get(cut.id)?.messages ?? 0) > 0)) found.doubt();
    }
    return found.verdict();
  }

  #drain(): OracleVerdict {
    const found = new Findings();
    for (const partition of this.#partitions()) {
      const log = this.#copy(0, partition);
      if (!this.#isRead(0, partition)) found.doubt();
      else if (
        this.#input.capabilities.denseOffsets &&
        rises(log!.records) &&
        log!.end!.endOffset - log!.end!.startOffset !== log!.records.length
      )
        found.doubt();
      const complete = this.#nodes().filter((node) => this.#isRead(node, partition));
      if (complete.length < this.#replicas()) found.doubt();
      if (
        this.#isRead(0, partition) &&
        complete.some((node) => this.#copy(node, partition)!.end!.endOffset !== log!.end!.endOffset)
      )
        found.doubt();
      const last = log?.records.at(-1)?.offset;
      this.#groups.forEach((_, group) => {
        if (last !== undefined && this.#furthest(group, partition) < last) found.doubt();
      });
    }
    return found.verdict();
  }
}

function endOf({ records, end }: Copy): number {
  return Math.max(end?.complete ? end.endOffset : 0, (records.at(-1)?.offset ?? -1) + 1);
}

class Findings {
  readonly #anomalies: Record<string, number> = {};
  #forbidden = false;
  #doubtful = false;

  add(kind: string, allowed = false): void {
    this.#anomalies[kind] = (this.#anomalies[kind] ?? 0) + 1;
    if (!allowed) this.#forbidden = true;
  }

  doubt(): void {
    this.#doubtful = true;
  }

  verdict(): OracleVerdict {
    const verdict = this.#forbidden ? 'invalid' : this.#doubtful ? 'unknown' : 'valid';
    return { verdict, anomalies: this.#anomalies };
  }
}

function placeOf({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}@${offset}`;
}

function isAt(a: DeliveryEvent, b: DeliveryEvent): boolean {
  return a.partition === b.partition && a.offset === b.offset;
}

function rises(records: readonly ReadEvent[]): boolean {
  return records.every(({ offset }, index) => index === 0 || offset > records[index - 1]!.offset);
}
