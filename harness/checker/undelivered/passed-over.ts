import type { CompleteEvent, DeliveryEvent } from '../../history/events.ts';
import type { Book } from '../book/book.ts';
import { effectSpan, type Span } from '../book/effect-span.ts';
import { describeInjection } from '../book/fault-timeline.ts';
import type { LogCopy } from '../book/log-copy.ts';
import { lateAckNanos } from '../book/loss-ledger.ts';
import { groupsMax, Mark } from '../book/messages.ts';
import type { Suspect } from '../book/suspects.ts';
import type { SomeLoss } from '../promise/row.ts';

/** By what a group came to be given something else at a position, in the words of its promise. */
type Cause = 'cursorsAhead' | 'splitBrain';
const kinds = { cursorsAhead: 'passed-over', splitBrain: 'split-brain' } as const;
export type PassedOverKind = (typeof kinds)[Cause];

/** A message that the group was given at a position where the log does not hold it. */
interface Held {
  readonly id: number;
  readonly offset: number;
  readonly cause: Cause;
  /** However closely clocks compare. */
  readonly certain: boolean;
}

/** By which fault, and how, a record is passed over; undefined: by none. */
export type Judged =
  { readonly fault: string; readonly kind: PassedOverKind; readonly certain: boolean } | undefined;

interface Excuse extends NonNullable<Judged> {
  readonly id: number;
  /** Of a message that was not acked there: it and its fault, which excuse one position in all. */
  readonly once: string | undefined;
}

interface Explaining {
  readonly suspect: Suspect;
  readonly promise: SomeLoss;
  readonly span: Span;
  /** Sent before the fault, and with an outcome after it: for certain, or perhaps. */
  readonly underWay: Map<number, boolean>;
}

/**
 * A fault that takes the end of a log may leave more than the log remembers. What is then stored
 * anew at the same positions a group may not be given, since it was given there what is gone:
 *
 * - `cursorsAhead`: before the fault, or as what was under way then. The cursor of the group is
 *   kept apart from the log, came back ahead of it, and passes over what it has behind it.
 * - `splitBrain`: after the fault, by a replica that kept what the others lost.
 *
 * Where the promise of the fault says so, that is allowed of a record if all of this holds:
 *
 * 1. The group was given another message at its position, which the log does not hold there, and
 *    which was there before the fault: it was acked there, and is lost to this fault as its promise
 *    allows; or, where the fault took such messages of the partition, it was given there before the
 *    fault, or had been sent and had no outcome when it struck. Such a message was acked at no other
 *    position by then, and excuses one position of a fault. So there are never more of them than
 *    messages that are gone.
 * 2. It lies behind all that was acked there before the fault and survived: in front of that nothing
 *    was taken, and nothing is stored anew.
 *
 * And only of a record that the group has gone past (`reachedIn`), as all that is undelivered.
 * Which positions a cursor had behind it the broker alone knows; it may hold some of them to be
 * given again, as not acked yet, so that what is passed over need not lie in one gap.
 */
export class PassedOver {
  readonly #book: Book;
  /** By fault, group and partition: what the group was given where it is not any more. */
  readonly #held = new Map<number, Held[]>();
  /** Of `Excuse.once`. */
  readonly #used = new Set<string>();
  #explaining: readonly Explaining[] | undefined;
  #lost: ReadonlyMap<Suspect, readonly ReadonlyMap<number, boolean>[]> | undefined;

  constructor(book: Book) {
    this.#book = book;
  }

  /** Where it is said that this may be. */
  inWords(kind: PassedOverKind): string {
    const cause = kind === kinds.cursorsAhead ? 'cursorsAhead' : 'splitBrain';
    const words = this.#suspects().flatMap(({ promise }) => promise[cause] ?? []);
    return [...new Set(words)].join('; ');
  }

  complete({ time }: CompleteEvent, id: number, invokedAt: number): void {
    for (const { span, underWay } of this.#suspects()) {
      // Else it may be any message of the run, and none for certain.
      if (span.latest === Infinity) continue;
      if (invokedAt < span.latest && time >= span.earliest)
        underWay.set(id, invokedAt < span.earliest && time >= span.latest);
    }
  }

  delivery(group: number, { partition, offset, time }: DeliveryEvent, id: number): void {
    const suspects = this.#suspects();
    if (suspects.length === 0 || group < 0 || id < 0 || partition < 0 || offset < 0) return;
    const log = this.#book.copies.copy(0, partition);
    if (log?.complete !== true || holds(log, { id, offset })) return;
    const lateNanos = this.#isAckedThere(id, partition, offset) ? lateAckNanos : 0;
    suspects.forEach(({ promise, span }, index) => {
      const isBefore = time < span.earliest + lateNanos;
      const isAfter = time >= span.latest + lateNanos;
      const held = this.#heldIn(index, group, partition);
      if (promise.cursorsAhead !== undefined && !isAfter)
        held.push({ id, offset, cause: 'cursorsAhead', certain: isBefore });
      if (promise.splitBrain !== undefined && !isBefore)
        held.push({ id, offset, cause: 'splitBrain', certain: isAfter });
    });
  }

  /**
   * What is to be said of a record that the group has gone past and was not given, by its offset. To
   * be asked once of each, since what excuses one excuses no other.
   */
  judge(log: LogCopy, group: number): (offset: number) => Judged {
    const { partition } = log;
    const excuses = new Map<number, Excuse[]>();
    if (log.disordered === 0) {
      this.#suspects().forEach((explaining, index) => {
        const { suspect } = explaining;
        const lost = this.#lostTo(suspect)[partition];
        if (lost === undefined) return;
        const fault = describeInjection(suspect.injection);
        const kept = this.#book.loss.keptBefore(suspect, partition);
        for (const held of this.#heldIn(index, group, partition)) {
          const { id, offset, cause } = held;
          const isAckedThere = this.#isAckedThere(id, partition, offset);
          const isGone = isAckedThere ? lost.get(id) : this.#wasUnacked(held, explaining);
          if (isGone === undefined || offset <= kept.possible) continue;
          const certain = held.certain && isGone && offset > kept.certain;
          const once = isAckedThere ? undefined : `${index} ${group} ${id}`;
          const known = excuses.get(offset) ?? [];
          excuses.set(offset, known);
          known.push({ id, fault, kind: kinds[cause], certain, once });
        }
      });
    }
    return (offset) => {
      const best = (excuses.get(offset) ?? [])
        .flatMap((excuse) => this.#leftOf(excuse))
        .toSorted((one, other) => rankOf(other) - rankOf(one))[0];
      if (best?.once !== undefined) this.#used.add(best.once);
      return best;
    };
  }

  /** What an excuse is still worth: how often the retries of a producer were stored nobody knows. */
  #leftOf(excuse: Excuse): Excuse | [] {
    if (excuse.once === undefined || !this.#used.has(excuse.once)) return excuse;
    return this.#book.mayBeRetried(excuse.id) ? { ...excuse, certain: false } : [];
  }

  #suspects(): readonly Explaining[] {
    return (this.#explaining ??= this.#book.loss.suspects.flatMap((suspect): Explaining[] => {
      const { injection, effectiveAt, promise } = suspect;
      if (promise.loss === 'none') return [];
      if (promise.cursorsAhead === undefined && promise.splitBrain === undefined) return [];
      const span = effectSpan({ ...injection, effectiveAt }, this.#book.clockBoundNanos);
      return [{ suspect, promise, span, underWay: new Map<number, boolean>() }];
    }));
  }

  /** Whether what was not acked there may have been there, and not elsewhere: for certain, or perhaps. */
  #wasUnacked({ id, cause }: Held, explaining: Explaining): boolean | undefined {
    const isAcked = (this.#book.messages.marks(id) & Mark.ackedThere) !== 0;
    return cause === 'cursorsAhead' && !isAcked ? true : this.#wasUnderWay(id, explaining);
  }

  /** Whether it had been sent when the fault struck, without an outcome: for certain, or perhaps. */
  #wasUnderWay(id: number, { span, underWay }: Explaining): boolean | undefined {
    if (span.latest === Infinity) return false;
    const known = underWay.get(id);
    if (known !== undefined) return known;
    const invokedAt = this.#book.inFlight.begunAt(id);
    return invokedAt < span.latest ? invokedAt < span.earliest : undefined;
  }

  /** By partition: what was acked there, and lost as the promise of the fault allows: for certain, or perhaps. */
  #lostTo(suspect: Suspect): readonly ReadonlyMap<number, boolean>[] {
    if (this.#lost === undefined) {
      const { loss, messages } = this.#book;
      const suspects = this.#suspects().map((one) => one.suspect);
      const lost = new Map(suspects.map((one): [Suspect, Map<number, boolean>[]] => [one, []]));
      for (const { id, fault, legality } of loss.losses()) {
        const taker = suspects.find(({ injection }) => injection === fault);
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

  #heldIn(suspect: number, group: number, partition: number): Held[] {
    const key = (suspect * groupsMax + group) * 0x1_0000 + partition;
    let held = this.#held.get(key);
    if (held === undefined) this.#held.set(key, (held = []));
    return held;
  }
}

/** What is certain explains best; then what excuses nothing else; then what was there first. */
function rankOf({ kind, certain, once }: Excuse): number {
  return (certain ? 4 : 0) + (once === undefined ? 2 : 0) + (kind === kinds.cursorsAhead ? 1 : 0);
}

/** Whether the message is there in a log whose offsets rise. */
function holds(log: LogCopy, { id, offset }: Pick<Held, 'id' | 'offset'>): boolean {
  const index = log.lowerBound(offset);
  return index < log.length && log.offset(index) === offset && log.id(index) === id;
}
