import { strict as assert } from 'node:assert';

/** What is known of a message, as bits. */
export const Mark = {
  ok: 1,
  fail: 2,
  info: 4,
  /** One attempt on the wire, as the driver counted. */
  onceTried: 8,
  /** Acked at the position in the table. */
  ackedThere: 16,
  /** In the final read of the log, anywhere. */
  inLog: 32,
  /** In the final read of the log at the position in the table. */
  inLogThere: 64,
} as const;

export const completed = Mark.ok | Mark.fail | Mark.info;

const pageBits = 10;
const pageSize = 1 << pageBits;
const slotMask = pageSize - 1;
/** Leaves the highest id free: it stands for a stranger in a log copy. */
const pagesMax = 2 ** (32 - pageBits) - 1;
const noPartition = 0xffff;

interface Page {
  readonly producer: number;
  readonly firstSequence: number;
  readonly marks: Uint8Array;
  /** A bit per group that was given the message at the position in the table. */
  readonly groups: Uint16Array;
  readonly keys: Uint32Array;
  readonly partitions: Uint16Array;
  readonly offsets: Float64Array;
  /** The last consumer session that was given the message. */
  readonly sessions: Uint32Array;
}

interface Producer {
  readonly number: number;
  count: number;
  /** Numbers of its pages, by sequence. */
  readonly pages: number[];
}

/** Groups that can be told apart. */
export const groupsMax = 16;

/**
 * One row of 21 bytes per message, found by (producer, sequence) or by its id, a number below 2^32.
 * A row has one position: where it was acked, or else where it was first seen. Positions are kept
 * as they are; nothing is ever indexed by an offset, so their size and gaps make no difference.
 */
export class MessageTable {
  readonly #pages: Page[] = [];
  readonly #producers = new Map<number, Producer>();
  #latest: Producer = { number: -1, count: 0, pages: [] };

  /** Adds the producer's next message; -1 when `sequence` is not the next. */
  add(producer: number, sequence: number, key: number): number {
    const owner = this.#producer(producer) ?? this.#newProducer(producer);
    if (sequence !== owner.count) return -1;
    const slot = sequence & slotMask;
    if (slot === 0) owner.pages.push(this.#newPage(producer, sequence));
    owner.count++;
    const number = owner.pages[owner.pages.length - 1]!;
    this.#pages[number]!.keys[slot] = key;
    return number * pageSize + slot;
  }

  /** The id of a message that was invoked, or -1. */
  find(producer: number, sequence: number): number {
    const owner = this.#producer(producer);
    if (owner === undefined || !(sequence >= 0 && sequence < owner.count)) return -1;
    const page = Math.floor(sequence / pageSize);
    return owner.pages[page]! * pageSize + (sequence - page * pageSize);
  }

  marks(id: number): number {
    return this.#page(id).marks[id & slotMask]!;
  }

  mark(id: number, marks: number): void {
    this.#page(id).marks[id & slotMask]! |= marks;
  }

  key(id: number): number {
    return this.#page(id).keys[id & slotMask]!;
  }

  producer(id: number): number {
    return this.#page(id).producer;
  }

  sequence(id: number): number {
    return this.#page(id).firstSequence + (id & slotMask);
  }

  /** -1 while no position is known. */
  partition(id: number): number {
    const partition = this.#page(id).partitions[id & slotMask]!;
    return partition === noPartition ? -1 : partition;
  }

  /** Meaningless while `partition` is -1. */
  offset(id: number): number {
    return this.#page(id).offsets[id & slotMask]!;
  }

  place(id: number, partition: number, offset: number): void {
    assert(partition >= 0 && partition < noPartition, 'a position has a partition');
    const page = this.#page(id);
    page.partitions[id & slotMask] = partition;
    page.offsets[id & slotMask] = offset;
  }

  isAt(id: number, partition: number, offset: number): boolean {
    const page = this.#page(id);
    return page.offsets[id & slotMask] === offset && page.partitions[id & slotMask] === partition;
  }

  /** Bits of the groups that were given the message at its position. */
  groups(id: number): number {
    return this.#page(id).groups[id & slotMask]!;
  }

  giveTo(id: number, group: number): void {
    this.#page(id).groups[id & slotMask]! |= 1 << group;
  }

  /** Notes the session, and returns the one noted before (0 = none). */
  exchangeSession(id: number, session: number): number {
    const { sessions } = this.#page(id);
    const before = sessions[id & slotMask]!;
    sessions[id & slotMask] = session;
    return before;
  }

  /** All messages, producer by producer in the order of their first invoke, in sequence. */
  *producers(): Generator<{ readonly producer: number; readonly count: number }> {
    for (const { number, count } of this.#producers.values()) yield { producer: number, count };
  }

  forEach(visit: (id: number, marks: number) => void): void {
    for (const { count, pages } of this.#producers.values()) {
      pages.forEach((number, index) => {
        const { marks } = this.#pages[number]!;
        const end = Math.min(pageSize, count - index * pageSize);
        for (let slot = 0; slot < end; slot++) visit(number * pageSize + slot, marks[slot]!);
      });
    }
  }

  /** "producer 1 sequence 4711" */
  describe(id: number): string {
    return `producer ${this.producer(id)} sequence ${this.sequence(id)}`;
  }

  #page(id: number): Page {
    return this.#pages[id >>> pageBits]!;
  }

  #producer(number: number): Producer | undefined {
    if (this.#latest.number === number) return this.#latest;
    const found = this.#producers.get(number);
    if (found !== undefined) this.#latest = found;
    return found;
  }

  #newProducer(number: number): Producer {
    const producer: Producer = { number, count: 0, pages: [] };
    this.#producers.set(number, producer);
    this.#latest = producer;
    return producer;
  }

  #newPage(producer: number, firstSequence: number): number {
    assert(this.#pages.length < pagesMax, 'a history of 2^32 messages cannot be judged');
    this.#pages.push({
      producer,
      firstSequence,
      marks: new Uint8Array(pageSize),
      groups: new Uint16Array(pageSize),
      keys: new Uint32Array(pageSize),
      partitions: new Uint16Array(pageSize).fill(noPartition),
      offsets: new Float64Array(pageSize),
      sessions: new Uint32Array(pageSize),
    });
    return this.#pages.length - 1;
  }
}
