import type { Capabilities } from '../../../driver/driver.ts';
import type {
  DeliveryEvent,
  HistoryEvent,
  HistoryHeader,
  ReadEndEvent,
  ReadEvent,
} from '../../../history/events.ts';
import type { Plan } from '../../../scenario/plan-types.ts';

/**
 * The checkers' definitions again, as plain loops over plain lists: quadratic, and meant to be read
 * and believed. It shares no code with the checkers; the property tests hold both to one result.
 */
export interface OracleInput {
  readonly files: readonly OracleFile[];
  readonly plan: Plan;
  readonly capabilities: Capabilities;
  readonly exposures: ReadonlyMap<
    number,
    {
      readonly byPartition: readonly number[];
      readonly syncMsMax: number;
      readonly measuredAtNanos: number;
    }
  >;
}

export interface OracleFile {
  readonly header: HistoryHeader;
  readonly events: readonly HistoryEvent[];
}

export interface Send {
  readonly name: string;
  /** Of the producer: one number over all its lives. */
  readonly worker: number;
  readonly producer: number;
  readonly sequence: number;
  readonly key: number;
  readonly invokedAt: number;
  outcome: 'ok' | 'fail' | 'info' | 'none';
  /** How many sends had their outcome before, in the order of the files; Infinity without one. */
  completedAs: number;
  /** Infinity without an outcome. */
  completedAt: number;
  attempts: number;
  ack: { partition: number; offset: number; time: number } | undefined;
}

/** A fault that took effect. */
export interface Cut {
  readonly id: number;
  readonly kind: string;
  readonly aimedAt: 'node' | 'consumer' | 'producer';
  readonly at: number;
  readonly victims: readonly string[];
  healedAt: number;
}

export interface Given {
  readonly group: number;
  /** Consumer file and assignment. */
  readonly session: string;
  readonly event: DeliveryEvent;
}

export interface Copy {
  readonly records: ReadEvent[];
  readonly end: ReadEndEvent | undefined;
}

export interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** What a history tells, in plain lists. */
export class Told {
  readonly input: OracleInput;
  readonly groups: readonly string[];
  readonly sends: Send[] = [];
  readonly given: Given[] = [];
  /** In the order in which they took effect. */
  readonly cuts: Cut[] = [];
  /** When the load was over; -Infinity when nobody said so. */
  loadEndsAt = -Infinity;
  readonly #attempts = new Map<string, Copy[]>();
  readonly #names = new Map<HistoryEvent, string>();
  #wholeLog: ReadEvent[] | undefined;
  #completions = 0;

  constructor(input: OracleInput) {
    this.input = input;
    this.groups = [...new Set(input.plan.consumers.map(({ group }) => group))];
    for (const { header, events } of input.files) this.#file(header, events);
    this.cuts.sort((a, b) => a.at - b.at);
  }

  #file({ worker, role }: HistoryHeader, events: readonly HistoryEvent[]): void {
    let assignment = 0;
    const life = worker.split('.')[0]!;
    const consumer = this.input.plan.consumers.find((one) => life === `consumer-${one.worker}`);
    const group = this.groups.indexOf(consumer?.group ?? '');
    const sessions: number[] = [];
    for (const event of events) {
      if (event.type === 'invoke') {
        const { producer, sequence, key, time } = event;
        this.sends.push({
          name: `${producer}/${sequence}`,
          worker: Number(life.split('-')[1]),
          producer,
          sequence,
          key,
          invokedAt: time,
          outcome: 'none',
          completedAs: Infinity,
          completedAt: Infinity,
          attempts: 0,
          ack: undefined,
        });
      } else if (event.type === 'complete') {
        const send = this.send(`${event.producer}/${event.sequence}`);
        send.outcome = event.outcome;
        send.completedAs = this.#completions++;
        send.completedAt = event.time;
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
        this.given.push({ group, session, event });
      } else if (event.type === 'read') {
        this.#openCopy(event.node, event.partition).records.push(event);
      } else if (event.type === 'read-end') {
        const copy = this.#openCopy(event.node, event.partition);
        const list = this.#attempts.get(`${event.node} ${event.partition}`)!;
        list[list.length - 1] = { records: copy.records, end: event };
      } else if (event.type === 'phase' && event.name === 'drain') {
        this.loadEndsAt = event.time;
      } else if (event.type === 'fault' && event.step === 'effective' && role === 'harness') {
        const { fault: id, kind, time: at, victims, target } = event;
        const aimedAt = target === 'consumer' || target === 'producer' ? target : 'node';
        this.cuts.push({ id, kind, aimedAt, at, victims, healedAt: Infinity });
      } else if (event.type === 'fault' && event.step === 'healed') {
        this.cuts.find(({ id }) => id === event.fault)!.healedAt = event.time;
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

  send(name: string): Send {
    return this.sends.find((send) => send.name === name)!;
  }

  /** The last complete copy, else the last begun; node 0 = through the leaders. */
  copy(node: number, partition: number): Copy | undefined {
    const list = this.#attempts.get(`${node} ${partition}`) ?? [];
    return list.findLast(({ end }) => end?.complete === true) ?? list.at(-1);
  }

  isRead(node: number, partition: number): boolean {
    return this.copy(node, partition)?.end?.complete === true;
  }

  partitions(): number[] {
    const { partitions } = this.input.plan.scenario.topic;
    return Array.from({ length: partitions }, (_, partition) => partition);
  }

  nodes(): number[] {
    return Array.from({ length: 9 }, (_, index) => index + 1).filter((node) =>
      this.partitions().some((partition) => this.#attempts.has(`${node} ${partition}`)),
    );
  }

  replicas(): number {
    return this.input.plan.scenario.topic.replicas!;
  }

  /** As the leaders gave it. */
  log(partition?: number): ReadEvent[] {
    this.#wholeLog ??= this.partitions().flatMap((one) => this.copy(0, one)?.records ?? []);
    return partition === undefined
      ? this.#wholeLog
      : this.#wholeLog.filter((record) => record.partition === partition);
  }

  /** Undefined for what is no intact message of this run. */
  nameOf(event: ReadEvent | DeliveryEvent): string | undefined {
    let name = this.#names.get(event);
    if (name === undefined) {
      const said = `${event.producer}/${event.sequence}`;
      const known = event.intact && !event.foreign && this.sends.some((send) => send.name === said);
      this.#names.set(event, (name = known ? said : ''));
    }
    return name === '' ? undefined : name;
  }

  inLog(send: Send): boolean {
    return this.log().some((record) => this.nameOf(record) === send.name);
  }

  wasGiven(send: Send, group?: number): boolean {
    return this.given.some(
      (one) => this.nameOf(one.event) === send.name && (group === undefined || one.group === group),
    );
  }

  /** All reads, of whichever copy, and all deliveries. */
  sightings(): (ReadEvent | DeliveryEvent)[] {
    const reads = this.input.files
      .flatMap(({ events }) => events)
      .filter((event) => event.type === 'read');
    return [...reads, ...this.given.map((one) => one.event)];
  }

  /** All places that deliveries and the final read name for a message. */
  seenAt(send: Send): Set<string> {
    const events = [...this.log(), ...this.given.map((one) => one.event)];
    return new Set(events.filter((event) => this.nameOf(event) === send.name).map(placeOf));
  }

  /** Also those that acks name. */
  placesOf(send: Send): Set<string> {
    const places = this.seenAt(send);
    if (send.ack !== undefined) places.add(placeOf(send.ack));
    return places;
  }

  /** The highest offset of the log whose record the group was given there; -1 when there is none. */
  reached(group: number, partition: number): number {
    const there = this.log(partition).filter((record) => this.wasGivenAt(record, group));
    return Math.max(-1, ...there.map(({ offset }) => offset));
  }

  /** Of the intact messages of the log; -1 when there are none. */
  lastOffset(partition: number): number {
    const known = this.log(partition).filter((record) => this.nameOf(record) !== undefined);
    return Math.max(-1, ...known.map(({ offset }) => offset));
  }

  wasGivenAt(record: ReadEvent, group: number): boolean {
    const name = this.nameOf(record);
    if (name === undefined) return false;
    return this.given.some((one) => {
      const { event } = one;
      if (one.group !== group || this.nameOf(event) !== name) return false;
      return event.offset < 0 || placeOf(event) === placeOf(record);
    });
  }

  /** Whether a retry of the producer explains that a message is there twice, or late. */
  byRetry(send: Send): boolean {
    const { idempotent } = this.input.plan.scenario.workload;
    if (idempotent && this.input.capabilities.idempotence) return false;
    return !(send.attempts === 1 && (send.outcome === 'ok' || send.outcome === 'fail'));
  }
}

export function placeOf({ partition, offset }: Place): string {
  return `${partition}@${offset}`;
}

export function endOf({ records, end }: Copy): number {
  return Math.max(end?.complete ? end.endOffset : 0, (records.at(-1)?.offset ?? -1) + 1);
}

export function rises(records: readonly ReadEvent[]): boolean {
  return records.every(({ offset }, index) => index === 0 || offset > records[index - 1]!.offset);
}
