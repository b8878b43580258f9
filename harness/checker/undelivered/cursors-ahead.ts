import type { DeliveryEvent } from '../../history/events.ts';
import type { Book } from '../book/book.ts';
import { describeInjection } from '../book/fault-timeline.ts';
import type { LogCopy } from '../book/log-copy.ts';
import { groupsMax, Mark } from '../book/messages.ts';
import type { Suspect } from '../book/suspects.ts';
import type { LossPromise } from '../promise/row.ts';

/** A message at a position that it has since left. */
interface Held {
  readonly id: number;
  readonly offset: number;
}

/** How a fault found a group in a partition. */
interface Reach {
  /** The highest offset that it had been given. */
  furthest: number;
  /** What it had been given where it was not acked: nothing else tells that it had been there. */
  readonly unacked: Held[];
}

/** By the cursor that came back from which fault a record is passed over; undefined: by none. */
export type Judged = { readonly fault: string } | undefined;

/**
 * Some brokers keep the cursor of a group apart from the log, and sync the two at different times.
 * A fault that takes the end of a log may leave the cursor where it was: ahead of the log. What is
 * then stored at those positions lies behind the cursor, and is never given to the group. Where the
 * promise of the fault says so (`cursorsAhead`), that is allowed of a record if all of this holds:
 *
 * 1. Its position had another holder, which is gone: acked there, and lost to this fault as its
 *    promise allows; or, where the fault took such messages, given to the group there before it.
 *    So there are never more of them than were lost.
 * 2. The group had that position behind it when the fault hit: it had been given that holder, or
 *    anything at that offset or above before the fault took effect.
 * 3. No record before it that was stored after the fault was given to the group, and one behind it
 *    was: the group begins anew behind a gap, as a cursor leaves it, and goes on from there.
 *
 * Which records were stored after the fault follows from the log itself, where offsets are dense
 * and rise: all from the first position on whose holder is gone. Elsewhere nothing is passed over.
 */
export class CursorsAhead {
  readonly #book: Book;
  readonly #reached = new Map<number, Reach>();
  #suspects: readonly Suspect[] | undefined;
  #lost: ReadonlyMap<Suspect, readonly Held[][]> | undefined;

  constructor(book: Book) {
    this.#book = book;
  }

  /** Where it is said that cursors may be ahead, once per broker. */
  get inWords(): string {
    const words = this.#explaining().flatMap(({ promise }) => cursorsAhead(promise) ?? []);
    return [...new Set(words)].join('; ');
  }

  delivery(group: number, { partition, offset, time }: DeliveryEvent, id: number): void {
    const suspects = this.#explaining();
    if (suspects.length === 0 || group < 0 || partition < 0 || offset < 0) return;
    const { messages } = this.#book;
    const acked =
      id < 0 ||
      (messages.isAt(id, partition, offset) && (messages.marks(id) & Mark.ackedThere) !== 0);
    suspects.forEach(({ effectiveAt }, suspect) => {
      if (time >= effectiveAt) return;
      const reach = this.#reach(suspect, group, partition);
      reach.furthest = Math.max(reach.furthest, offset);
      if (!acked) reach.unacked.push({ id, offset });
    });
  }

  /** What is to be said of a record of this log that the group was not given, by its offset. */
  judge(log: LogCopy, group: number): (offset: number) => Judged {
    const { denseOffsets } = this.#book.circumstances.capabilities;
    if (!denseOffsets || log.disordered > 0) return () => undefined;
    const trails = this.#explaining().flatMap((suspect, index) => {
      const lost = this.#lostTo(suspect)[log.partition] ?? [];
      const reach = this.#reach(index, group, log.partition);
      return lost.length === 0 ? [] : [this.#trail(log, { group, lost, suspect, reach })];
    });
    return (offset) => {
      return trails.flatMap((trail) => trail(offset) ?? [])[0];
    };
  }

  /** Where one fault found the group, and where the group went on. */
  #trail(
    log: LogCopy,
    { group, lost, reach, suspect }: {
      readonly group: number;
      readonly lost: readonly Held[];
      readonly reach: Reach;
      readonly suspect: Suspect;
    },
  ): (offset: number) => Judged {
    const gone = [...lost, ...reach.unacked.filter((held) => !isThere(log, held))];
    const held = new Map<number, boolean>();
    for (const { id, offset } of gone) {
      const wasGiven = this.#book.wasGivenAt(id, group, log.partition, offset);
      held.set(offset, held.get(offset) === true || wasGiven);
    }
    const first = gone.reduce((lowest, { offset }) => Math.min(lowest, offset), Infinity);
    const resumed = this.#firstGiven(log, group, first);
    const fault = describeInjection(suspect.injection);
    return (offset) => {
      const wasGiven = held.get(offset);
      if (wasGiven === undefined || !(wasGiven || offset <= reach.furthest)) return undefined;
      return offset < resumed ? { fault } : undefined;
    };
  }

  /** The lowest offset of the log, from one on, whose record the group was given there. */
  #firstGiven(log: LogCopy, group: number, from: number): number {
    for (let index = log.lowerBound(from); index < log.length; index++) {
      const offset = log.offset(index);
      if (this.#book.wasGivenAt(log.id(index), group, log.partition, offset)) return offset;
    }
    return Infinity;
  }

  #explaining(): readonly Suspect[] {
    this.#suspects ??= this.#book.loss.suspects.filter(
      ({ promise }) => cursorsAhead(promise) !== undefined,
    );
    return this.#suspects;
  }

  /** By partition: what was acked there, and lost as the promise of the fault allows. */
  #lostTo(suspect: Suspect): readonly Held[][] {
    if (this.#lost === undefined) {
      const { loss, messages } = this.#book;
      const lost = new Map(this.#explaining().map((one): [Suspect, Held[][]] => [one, []]));
      for (const { id, fault, legality } of loss.losses()) {
        const taker = this.#explaining().find(({ injection }) => injection === fault);
        if (taker === undefined || legality !== 'allowed') continue;
        if ((messages.marks(id) & Mark.ackedThere) === 0) continue;
        const partition = messages.partition(id);
        (lost.get(taker)![partition] ??= []).push({ id, offset: messages.offset(id) });
      }
      this.#lost = lost;
    }
    return this.#lost.get(suspect)!;
  }

  #reach(suspect: number, group: number, partition: number): Reach {
    const key = (suspect * groupsMax + group) * 0x1_0000 + partition;
    let reach = this.#reached.get(key);
    if (reach === undefined) this.#reached.set(key, (reach = { furthest: -1, unacked: [] }));
    return reach;
  }
}

function cursorsAhead(promise: LossPromise): string | undefined {
  return promise.loss === 'none' ? undefined : promise.cursorsAhead;
}

function isThere(log: LogCopy, { id, offset }: Held): boolean {
  const index = log.lowerBound(offset);
  return index < log.length && log.offset(index) === offset && log.id(index) === id;
}
