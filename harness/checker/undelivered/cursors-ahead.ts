import type { DeliveryEvent } from '../../history/events.ts';
import type { Book } from '../book/book.ts';
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
}

/** By the cursor that came back from which fault a record is passed over; undefined: by none. */
export type Judged = { readonly fault: string } | undefined;

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
  #lost: ReadonlyMap<Suspect, readonly Set<number>[]> | undefined;

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
    suspects.forEach(({ effectiveAt }, suspect) => {
      if (time < effectiveAt + underWayNanos)
        this.#goneFrom(suspect, group, partition).push({ id, offset });
    });
  }

  /** What is to be said of a record that the group has gone past and was not given, by its offset. */
  judge(log: LogCopy, group: number): (offset: number) => Judged {
    const { partition } = log;
    const faults = new Map<number, string>();
    if (log.disordered === 0) {
      this.#explaining().forEach((suspect, index) => {
        const lost = this.#lostTo(suspect)[partition];
        if (lost === undefined) return;
        const fault = describeInjection(suspect.injection);
        const kept = this.#book.loss.keptBefore(suspect, partition);
        for (const { id, offset } of this.#goneFrom(index, group, partition)) {
          const mayBeGone = lost.has(id) || !this.#isAckedThere(id, partition, offset);
          if (offset > kept && mayBeGone) faults.set(offset, fault);
        }
      });
    }
    return (offset) => {
      const fault = faults.get(offset);
      return fault === undefined ? undefined : { fault };
    };
  }

  #explaining(): readonly Suspect[] {
    this.#suspects ??= this.#book.loss.suspects.filter(
      ({ promise }) => cursorsAhead(promise) !== undefined,
    );
    return this.#suspects;
  }

  /** By partition: what was acked there, and lost as the promise of the fault allows. */
  #lostTo(suspect: Suspect): readonly Set<number>[] {
    if (this.#lost === undefined) {
      const { loss, messages } = this.#book;
      const lost = new Map(this.#explaining().map((one): [Suspect, Set<number>[]] => [one, []]));
      for (const { id, fault, legality } of loss.losses()) {
        const taker = this.#explaining().find(({ injection }) => injection === fault);
        if (taker === undefined || legality !== 'allowed') continue;
        if ((messages.marks(id) & Mark.ackedThere) === 0) continue;
        (lost.get(taker)![messages.partition(id)] ??= new Set()).add(id);
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
function holds(log: LogCopy, { id, offset }: Held): boolean {
  const index = log.lowerBound(offset);
  return index < log.length && log.offset(index) === offset && log.id(index) === id;
}

function cursorsAhead(promise: LossPromise): string | undefined {
  return promise.loss === 'none' ? undefined : promise.cursorsAhead;
}
