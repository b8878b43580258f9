import { strict as assert } from 'node:assert';
import type { Circumstances } from './circumstances.ts';
import { endOf } from './copy-difference.ts';
import type { LogCopies } from './log-copy.ts';
import { Mark } from './messages.ts';
import type { MessageTable } from './messages.ts';

/** Where a loss lies in what was acked before the same fault and survived; see `Survivors`. */
export type LossPlace = 'prefix' | 'middle' | 'tail' | 'all' | 'unplaced';

/** The part of the book that it rests on. */
interface Known {
  readonly circumstances: Circumstances;
  readonly messages: MessageTable;
  readonly copies: LogCopies;
}

/**
 * The acked messages that the final read found, as spans of offsets and of sequences, by *era*: the
 * time from one fault's effect to the next. A lost message is compared with what was acked before
 * the fault in question:
 *
 * - *tail*: something before it survived, and nothing behind it;
 * - *all*: nothing of its partition survived, so that the tail is the whole log;
 * - *prefix*: something behind it survived, and nothing before it;
 * - *middle*: something did on both sides: a hole;
 * - *unplaced*: something survived, but nothing that it can be compared with: it was acked without a
 *   position, before any other of its producer, or at the very position of a survivor.
 *
 * "Before" and "behind" go by the offset within the partition and by the sequence within producer
 * and partition; one survivor behind by either is enough. What was acked after the fault proves
 * nothing about the log that was cut, and is left out, also where the fault lasts and what was acked
 * since may go as well: the leader that is cut off, or about to give way, and the one that follows
 * it ack at overlapping positions and times, the same producers too, and no ack says by whom it was
 * given. With one exception: where offsets are dense, a log that grows again after a cut fills every
 * place from the cut on. So a place that is empty although the log goes on behind it was not cut
 * off with a tail, whoever follows it.
 *
 * A message that was acked without a position may be of any partition: it is compared with all that
 * survived of its producer, and *all* means that nothing survived anywhere.
 */
export class Survivors {
  readonly #book: Known;
  readonly #byPartition = new Map<number, Spans>();
  readonly #byProducer = new Map<number, Spans>();
  readonly #anywhere = new Spans();

  constructor(book: Known) {
    this.#book = book;
  }

  /** An acked message that is in the log, and the era in which it was acked. */
  add(id: number, era: number): void {
    const { messages } = this.#book;
    const producer = messages.producer(id);
    const sequence = messages.sequence(id);
    this.#anywhere.extend(era, 0);
    spansOf(this.#byProducer, owner(producer, anyPartition)).extend(era, sequence);
    // The final read tells the place of what was acked without one.
    if ((messages.marks(id) & (Mark.ackedThere | Mark.inLogThere)) === 0) return;
    const partition = messages.partition(id);
    spansOf(this.#byPartition, partition).extend(era, messages.offset(id));
    spansOf(this.#byProducer, owner(producer, partition)).extend(era, sequence);
  }

  /** Of a lost message, compared with what was acked up to the end of an era. */
  placeOf(id: number, era: number): LossPlace {
    const { messages } = this.#book;
    const isPlaced = (messages.marks(id) & Mark.ackedThere) !== 0;
    const partition = isPlaced ? messages.partition(id) : anyPartition;
    const near = isPlaced ? this.#byPartition.get(partition) : this.#anywhere;
    const own = this.#byProducer.get(owner(messages.producer(id), partition));
    const offset = isPlaced ? messages.offset(id) : Number.NaN;
    const sequence = messages.sequence(id);
    const before = hasBelow(near, era, offset) || hasBelow(own, era, sequence);
    const behind =
      hasAbove(near, era, offset) ||
      hasAbove(own, era, sequence) ||
      (isPlaced && this.#leavesGap(partition, offset));
    if (before) return behind ? 'middle' : 'tail';
    if (behind) return 'prefix';
    return near === undefined || near.lowest(era) === Infinity ? 'all' : 'unplaced';
  }

  /** The highest offset of a partition that was acked there by the end of an era; -1 = none was. */
  highestOf(partition: number, era: number): number {
    return Math.max(-1, this.#byPartition.get(partition)?.highest(era) ?? -1);
  }

  #leavesGap(partition: number, offset: number): boolean {
    const { circumstances, copies } = this.#book;
    const log = copies.copy(0, partition);
    if (!circumstances.capabilities.denseOffsets || log === undefined || log.disordered > 0)
      return false;
    const index = log.lowerBound(offset);
    const isTaken = index < log.length && log.offset(index) === offset;
    return !isTaken && endOf(log) > offset;
  }
}

/** The span of what survived: first within each era, and once it is asked up to the end of each. */
class Spans {
  readonly #lowest: number[] = [];
  readonly #highest: number[] = [];
  #erasSwept = 0;

  extend(era: number, value: number): void {
    assert(this.#erasSwept === 0, 'a survivor was noted after somebody had asked');
    this.#lowest[era] = Math.min(this.#lowest[era] ?? value, value);
    this.#highest[era] = Math.max(this.#highest[era] ?? value, value);
  }

  lowest(era: number): number {
    this.#sweep(era);
    return this.#lowest[era]!;
  }

  highest(era: number): number {
    this.#sweep(era);
    return this.#highest[era]!;
  }

  #sweep(last: number): void {
    for (; this.#erasSwept <= last; this.#erasSwept++) {
      const era = this.#erasSwept;
      this.#lowest[era] = Math.min(
        this.#lowest[era - 1] ?? Infinity,
        this.#lowest[era] ?? Infinity,
      );
      this.#highest[era] = Math.max(
        this.#highest[era - 1] ?? -Infinity,
        this.#highest[era] ?? -Infinity,
      );
    }
  }
}

const anyPartition = -1;

function hasBelow(spans: Spans | undefined, era: number, value: number): boolean {
  return spans !== undefined && spans.lowest(era) < value;
}

function hasAbove(spans: Spans | undefined, era: number, value: number): boolean {
  return spans !== undefined && spans.highest(era) > value;
}

/** One number for a producer in a partition. */
function owner(producer: number, partition: number): number {
  return producer * 0x1_0000 + partition + 1;
}

function spansOf(spans: Map<number, Spans>, key: number): Spans {
  let found = spans.get(key);
  if (found === undefined) spans.set(key, (found = new Spans()));
  return found;
}
