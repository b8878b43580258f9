import type { MessageTable } from './messages.ts';
import { PagedFloat64, PagedUint32 } from './paged.ts';

/** Stands in a copy where a record was read that is no intact message of this run. */
export const stranger = 0xffff_ffff;

/**
 * One partition as the final read found it, through the leaders (node 0) or on one node: message
 * ids in the order read. An offset is stored only where it is not the message's own position.
 */
export class LogCopy {
  readonly node: number;
  readonly partition: number;
  /** Read to its end. */
  complete = false;
  /** Why not, in words. */
  reason = 'the read did not end';
  /** As the reader reported them; -1 while it has not. */
  startOffset = -1;
  endOffset = -1;
  /** Records whose offset was not above that of the record before. */
  disordered = 0;
  readonly #messages: MessageTable;
  readonly #ids = new PagedUint32();
  readonly #oddIndexes = new PagedUint32();
  readonly #oddOffsets = new PagedFloat64();
  #lastOffset = Number.NEGATIVE_INFINITY;

  constructor(
    messages: MessageTable,
    place: { readonly node: number; readonly partition: number },
  ) {
    this.#messages = messages;
    this.node = place.node;
    this.partition = place.partition;
  }

  get length(): number {
    return this.#ids.length;
  }

  get lastOffset(): number {
    return this.#lastOffset;
  }

  append(id: number, offset: number): void {
    if (offset >= 0) {
      if (offset <= this.#lastOffset) this.disordered++;
      this.#lastOffset = offset;
    }
    if (id === stranger || !this.#messages.isAt(id, this.partition, offset)) {
      this.#oddIndexes.push(this.#ids.length);
      this.#oddOffsets.push(offset);
    }
    this.#ids.push(id);
  }

  id(index: number): number {
    return this.#ids.get(index);
  }

  offset(index: number): number {
    const odd = this.#oddIndexes.length === 0 ? -1 : this.#oddAt(index);
    return odd >= 0 ? this.#oddOffsets.get(odd) : this.#messages.offset(this.#ids.get(index));
  }

  /** Whether the record lies at its message's own position. */
  isAtHome(index: number): boolean {
    return this.#oddIndexes.length === 0 || this.#oddAt(index) < 0;
  }

  /** The first index whose offset is not below `offset`; only where offsets rise. */
  lowerBound(offset: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offset(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #oddAt(index: number): number {
    let low = 0;
    let high = this.#oddIndexes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#oddIndexes.get(middle) < index) low = middle + 1;
      else high = middle;
    }
    return low < this.#oddIndexes.length && this.#oddIndexes.get(low) === index ? low : -1;
  }
}

interface Slot {
  open: LogCopy | undefined;
  done: LogCopy | undefined;
}

/**
 * All copies that the final read made. A partition that was read again replaces its earlier copy,
 * but an incomplete copy never replaces a complete one.
 */
export class LogCopies {
  readonly #messages: MessageTable;
  readonly #nodes = new Map<number, Map<number, Slot>>();

  constructor(messages: MessageTable) {
    this.#messages = messages;
  }

  append(
    place: { readonly node: number; readonly partition: number; readonly offset: number },
    id: number,
  ): void {
    const slot = this.#slot(place.node, place.partition);
    slot.open ??= new LogCopy(this.#messages, { node: place.node, partition: place.partition });
    slot.open.append(id, place.offset);
  }

  end(end: {
    readonly node: number;
    readonly partition: number;
    readonly startOffset: number;
    readonly endOffset: number;
    readonly complete: boolean;
    readonly reason: string;
  }): void {
    const slot = this.#slot(end.node, end.partition);
    const copy =
      slot.open ?? new LogCopy(this.#messages, { node: end.node, partition: end.partition });
    copy.complete = end.complete;
    copy.reason = end.reason;
    copy.startOffset = end.startOffset;
    copy.endOffset = end.endOffset;
    slot.open = undefined;
    if (end.complete || slot.done?.complete !== true) slot.done = copy;
  }

  /** The copy to judge by: the last complete one, else the last begun. */
  copy(node: number, partition: number): LogCopy | undefined {
    const slot = this.#nodes.get(node)?.get(partition);
    return slot?.done?.complete === true ? slot.done : (slot?.open ?? slot?.done);
  }

  /** In order of partition. */
  copiesOf(node: number): LogCopy[] {
    const partitions = [...(this.#nodes.get(node)?.keys() ?? [])].toSorted((a, b) => a - b);
    return partitions
      .map((partition) => this.copy(node, partition))
      .filter((copy) => copy !== undefined);
  }

  /** Nodes whose own copies were read, in order. */
  nodes(): number[] {
    return [...this.#nodes.keys()].filter((node) => node > 0).toSorted((a, b) => a - b);
  }

  #slot(node: number, partition: number): Slot {
    let partitions = this.#nodes.get(node);
    if (partitions === undefined) this.#nodes.set(node, (partitions = new Map()));
    let slot = partitions.get(partition);
    if (slot === undefined)
      partitions.set(partition, (slot = { open: undefined, done: undefined }));
    return slot;
  }
}
