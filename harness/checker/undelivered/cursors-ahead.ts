import type { DeliveryEvent } from '../../history/events.ts';
import type { Book } from '../book/book.ts';
import { effectSpan } from '../book/effect-span.ts';
import { describeInjection } from '../book/fault-timeline.ts';
import type { LogCopy } from '../book/log-copy.ts';
import { lateAckNanos } from '../book/loss-ledger.ts';
import { groupsMax, Mark } from '../book/messages.ts';
import type { Suspect } from '../book/suspects.ts';
import type { LossPromise } from '../promise/row.ts';

/** A message at a position. */
interface Held {
  readonly id: number;
  readonly offset: number;
  /** It was there before the fault, and gone by it, however closely clocks compare. */
  readonly certain: boolean;
}

/** By the cursor that came back from which fault a record is passed over; undefined: by none. */
export type Judged = { readonly fault: string; readonly certain: boolean } | undefined;

/**
 * Some brokers keep the cursor of a group apart from the log, and sync the two at different times.
 * A fault that takes the end of a log may leave the cursor where it was: ahead of the log. What is
 * then stored at positions that the group has behind it is never given to it. Where the promise of
 * the fault says so (`cursorsAhead`), that is allowed of a record if all of this holds:
 *
 * 1. Its position had another holder, which is gone: acked there, and lost to this fault as its
 *    promise allows; or, where the fault took such messages of the partition, seen there before it.
 *    So there are never more of them than messages that are gone.
 * 2. The group had been given that very holder there, before the fault or as what was under way
 *    then: a position that it had not, the broker has to give it, whatever comes to lie there. What
 *    it is given later comes from no cursor that outlived the log.
 *
 * 3. It lies behind all that was acked there before the fault and survived: in front of that nothing
 *    was taken, and nothing is stored anew.
 *
 * And only of a record that the group has gone past (`reachedIn`), as all that is undelivered.
 * Which positions a cursor had behind it the broker alone knows; it may hold some of them to be
 * given again, as not acked yet, so that what is passed over need not lie in one gap.
 */
export class CursorsAhead {
  readonly #book: Book;
  /** By fault, group and partition: what the group had been given where it is not any more. */
  readonly #gone = new Map<number, Held[]>();
  #suspects: readonly Suspect[] | undefined;
  #lost: ReadonlyMap<Suspect, readonly ReadonlyMap<number, boolean>[]> | undefined;

  constructor(book: Book) {
    this.#book = book;
  }

  /** Where it is said that cursors may be ahead. */
  get inWords(): string {
    const words = this.#explaining().flatMap(({ promise }) => cursorsAhead(promise) ?? []);
    return [...new Set(words)].join('; ');
  }

  delivery(group: number, { partition, offset, time }: DeliveryEvent, id: number): void {
    const suspects = this.#explaining();
    if (suspects.length === 0 || group < 0 || id < 0 || partition < 0 || offset < 0) return;
    const log = this.#book.copies.copy(0, partition);
    if (log?.complete !== true || holds(log, { id, offset })) return;
    const underWayNanos = this.#isAckedThere(id, partition, offset) ? lateAckNanos : 0;
    suspects.forEach(({ injection, effectiveAt }, suspect) => {
      const span = effectSpan({ ...injection, effectiveAt }, this.#book.clockBoundNanos);
      if (time >= span.latest + underWayNanos) return;
      const certain = time < span.earliest + underWayNanos;
      this.#goneFrom(suspect, group, partition).push({ id, offset, certain });
    });
  }

  /** What is to be said of a record that the group has gone past and was not given, by its offset. */
  judge(log: LogCopy, group: number): (offset: number) => Judged {
    const { partition } = log;
    const faults = new Map<number, { readonly fault: string; readonly certain: boolean }>();
    if (log.disordered === 0) {
      this.#explaining().forEach((suspect, index) => {
        const lost = this.#lostTo(suspect)[partition];
        if (lost === undefined) return;
        const fault = describeInjection(suspect.injection);
        const kept = this.#book.loss.keptBefore(suspect, partition);
        for (const held of this.#goneFrom(index, group, partition)) {
          const { id, offset } = held;
          const isUnacked = !this.#isAckedThere(id, partition, offset);
          if (offset <= kept.possible || !(isUnacked || lost.has(id))) continue;
          const isGone = isUnacked || lost.get(id) === true;
          const certain = held.certain && isGone && offset > kept.certain;
          if (certain || !faults.has(offset)) faults.set(offset, { fault, certain });
        }
      });
    }
    return (offset) => faults.get(offset);
  }

  #explaining(): readonly Suspect[] {
    this.#suspects ??= this.#book.loss.suspects.filter(
      ({ promise }) => cursorsAhead(promise) !== undefined,
    );
    return this.#suspects;
  }

  /** By partition: what was acked there, and lost as the promise of the fault allows: for certain, or perhaps. */
  #lostTo(suspect: Suspect): readonly ReadonlyMap<number, boolean>[] {
    if (this.#lost === undefined) {
      const { loss, messages } = this.#book;
      const lost = new Map(
        this.#explaining().map((one): [Suspect, Map<number, boolean>[]] => [one, []]),
      );
      for (const { id, fault, legality } of loss.losses()) {
        const taker = this.#explaining().find(({ injection }) => injection === fault);
        if (taker === undefined || (legality !== 'allowed' && legality !== 'unclear')) continue;
        if ((messages.marks(id) & Mark.ackedThere) === 0) continue;
        const gone = (lost.get(taker)![messages.partition(id)] ??= new Map<number, boolean>());
        gone.set(id, legality === 'allowed');
      }
      this.#lost = lost;
    }
    return this.#lost.get(suspect)!;
  }

  #isAckedThere(id: number, partition: number, offset: number): boolean {
    const { messages } = this.#book;
    return messages.isAt(id, partition, offset) && (messages.marks(id) & Mark.ackedThere) !== 0;
  }

  #goneFrom(suspect: number, group: number, partition: number): Held[] {
    const key = (suspect * groupsMax + group) * 0x1_0000 + partition;
    let held = this.#gone.get(key);
    if (held === undefined) this.#gone.set(key, (held = []));
    return held;
  }
}

/** Whether the message is there in a log whose offsets rise. */
function holds(log: LogCopy, { id, offset }: Pick<Held, 'id' | 'offset'>): boolean {
  const index = log.lowerBound(offset);
  return index < log.length && log.offset(index) === offset && log.id(index) === id;
}

function cursorsAhead(promise: LossPromise): string | undefined {
  return promise.loss === 'none' ? undefined : promise.cursorsAhead;
}
