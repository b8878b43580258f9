import { strict as assert } from 'node:assert';

import type { LogCopies } from './log-copy.ts';
import { stranger } from './log-copy.ts';
import { groupsMax, Mark } from './messages.ts';
import type { MessageTable } from './messages.ts';
import { PagedFloat64, PagedUint32 } from './paged.ts';

/** Stands for the log where a claim has the number of a group. */
export const fromLog = groupsMax;

export interface Claim {
  readonly id: number;
  readonly partition: number;
  readonly offset: number;
  /** The group that was given the message there, or `fromLog`. */
  readonly source: number;
}

/** Sightings of messages away from their own position: none at all in a clean run. */
export class Claims {
  readonly #ids = new PagedUint32();
  readonly #places = new PagedUint32();
  readonly #offsets = new PagedFloat64();

  get length(): number {
    return this.#ids.length;
  }

  add({ id, partition, offset, source }: Claim): void {
    assert(partition >= 0 && partition <= 0xffff && source <= fromLog, 'a claim names a place');
    this.#ids.push(id);
    this.#places.push(partition * 32 + source);
    this.#offsets.push(offset);
  }

  get(index: number): Claim {
    const place = this.#places.get(index);
    return {
      id: this.#ids.get(index),
      partition: place >>> 5,
      offset: this.#offsets.get(index),
      source: place & 31,
    };
  }

  /** Indexes of the claims in the order of `compare`. */
  sorted(compare: (a: Claim, b: Claim) => number): Uint32Array {
    const order = Uint32Array.from({ length: this.length }, (_, index) => index);
    return order.sort((a, b) => compare(this.get(a), this.get(b)) || a - b);
  }
}

/** One value at a contested position. */
export interface Claimant {
  readonly id: number;
  /** The final read found it there. */
  inLog: boolean;
  acked: boolean;
  /** Bits of the groups that were given it there. */
  groups: number;
}

/** A position that holds more than one value among acks, deliveries and the final read. */
export interface Conflict {
  readonly partition: number;
  readonly offset: number;
  readonly claimants: readonly Claimant[];
}

interface Known {
  readonly messages: MessageTable;
  readonly copies: LogCopies;
  readonly claims: Claims;
}

/**
 * All contested positions. Whatever the final read found at its own position is consistent unless
 * something else claims that position too; so only what is *not* in the log at its own position,
 * and the claims, need sorting. In a clean run that is nothing.
 */
export function conflicts(known: Known): Conflict[] {
  const { partitions, offsets, ids, sources } = contestants(known);
  const order = Uint32Array.from({ length: ids.length }, (_, index) => index);
  order.sort(
    (a, b) =>
      partitions.get(a) - partitions.get(b) ||
      offsets.get(a) - offsets.get(b) ||
      ids.get(a) - ids.get(b),
  );
  const found: Conflict[] = [];
  for (let from = 0; from < order.length;) {
    const partition = partitions.get(order[from]!);
    const offset = offsets.get(order[from]!);
    const claimants = new Map<number, Claimant>();
    let at = from;
    for (; at < order.length; at++) {
      const index = order[at]!;
      if (partitions.get(index) !== partition || offsets.get(index) !== offset) break;
      enter(claimants, known.messages, ids.get(index), sources.get(index));
    }
    from = at;
    const holder = holderInLog(known, partition, offset);
    if (holder !== undefined) enter(claimants, known.messages, holder, atHome);
    if (claimants.size > 1) found.push({ partition, offset, claimants: [...claimants.values()] });
  }
  return found;
}

/** Instead of a source: the message's own position, with all that is marked in its row. */
const atHome = fromLog + 1;

function contestants({ messages, copies, claims }: Known) {
  const partitions = new PagedUint32();
  const offsets = new PagedFloat64();
  const ids = new PagedUint32();
  const sources = new PagedUint32();
  const enlist = (claim: Claim): void => {
    partitions.push(claim.partition);
    offsets.push(claim.offset);
    ids.push(claim.id);
    sources.push(claim.source);
  };
  for (let index = 0; index < claims.length; index++) enlist(claims.get(index));
  const disordered = new Set(
    copies.copiesOf(0).flatMap((copy) => (copy.disordered > 0 ? [copy.partition] : [])),
  );
  messages.forEach((id, marks) => {
    const partition = messages.partition(id);
    if (partition < 0) return;
    const claimed = (marks & Mark.ackedThere) !== 0 || messages.groups(id) !== 0;
    const there = (marks & Mark.inLogThere) !== 0;
    if (there ? disordered.has(partition) : claimed) {
      enlist({ id, partition, offset: messages.offset(id), source: atHome });
    }
  });
  return { partitions, offsets, ids, sources };
}

function enter(
  claimants: Map<number, Claimant>,
  messages: MessageTable,
  id: number,
  source: number,
): void {
  let claimant = claimants.get(id);
  if (claimant === undefined) {
    claimants.set(id, (claimant = { id, inLog: false, acked: false, groups: 0 }));
  }
  if (source === fromLog) claimant.inLog = true;
  else if (source < fromLog) claimant.groups |= 1 << source;
  else {
    const marks = messages.marks(id);
    claimant.inLog ||= (marks & Mark.inLogThere) !== 0;
    claimant.acked ||= (marks & Mark.ackedThere) !== 0;
    claimant.groups |= messages.groups(id);
  }
}

/** The message that lies at this position of the final read as its own; claims know the others. */
function holderInLog({ copies }: Known, partition: number, offset: number): number | undefined {
  const copy = copies.copy(0, partition);
  if (copy === undefined || copy.disordered > 0) return undefined;
  const index = copy.lowerBound(offset);
  if (index === copy.length || copy.offset(index) !== offset || !copy.isAtHome(index))
    return undefined;
  const id = copy.id(index);
  return id === stranger ? undefined : id;
}
