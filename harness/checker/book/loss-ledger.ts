import type { CompleteEvent } from '../../history/events.ts';
import type { HistoryVisitor } from '../../history/visitor.ts';
import type { Circumstances } from './circumstances.ts';
import type { FaultTimeline, Injection } from './fault-timeline.ts';
import type { LogCopies } from './log-copy.ts';
import { attribute } from './loss-attribution.ts';
import type { Attribution, Legality, Missing } from './loss-attribution.ts';
import { Mark } from './messages.ts';
import type { MessageTable } from './messages.ts';
import { Survivors } from './survivors.ts';
import { movedSuspects, suspectsOf } from './suspects.ts';
import type { Suspect } from './suspects.ts';

/** `unclear`: allowed or not, as the clocks of workers and harness leave open. */
export type Loss = (Legality | { readonly legality: 'unclear' }) & {
  readonly id: number;
  /** As the ack named it; -1 when it named none. */
  readonly partition: number;
  /** The fault that explains the loss, or else is blamed for it; undefined when none can be. */
  readonly fault: Injection | undefined;
  readonly vanished: boolean;
  readonly ackedAt: number;
};

/** What a fault cost: 0 messages and 0 ms when nothing; null ms when no fault explains the loss. */
export interface LossWindow {
  messages: number;
  /** From the ack of the first of them to the fault. */
  ms: number | null;
}

/** An ack, or a delivery, may be on its way for this long after its giver is gone. */
export const lateAckNanos = 1e9;

/** The part of the book that it rests on. */
interface Known {
  readonly circumstances: Circumstances;
  readonly messages: MessageTable;
  readonly copies: LogCopies;
  readonly timeline: FaultTimeline;
  readonly oneClock: boolean;
  readonly clockBoundNanos: number;
  wasGivenToAny(id: number): boolean;
}

/** What became of the losses if the clocks stand to each other in one way. */
interface Reading {
  readonly suspects: readonly Suspect[];
  /** What was acked before these times was acked before the suspect took effect. */
  readonly borders: readonly number[];
  readonly survivors: Survivors;
}

/**
 * Which acked messages are lost, where they lay (`Survivors`), and which fault took them
 * (`attribute`). A fault can take what was sent before it took effect, if the ack did not come more
 * than a second after that, since then whoever served after the fault gave it.
 *
 * Where times of workers and faults compare only within a bound, it is judged twice: with all times
 * against the broker and with all for it. What comes out differently is unclear.
 *
 * A run that lost nothing pays nothing: times are read in a second pass over the producers.
 */
export class LossLedger {
  readonly #book: Known;
  #count: number | undefined;
  /** Acked and not found, but their partition was not read to its end. */
  #unjudged = 0;
  #suspects: readonly Suspect[] | undefined;
  readonly #invokedAt = new Map<number, number>();
  readonly #missing: Missing[] = [];
  #attributions: readonly (readonly Attribution[])[] | undefined;
  #readings: readonly Reading[] | undefined;
  #windows: ReadonlyMap<Injection | undefined, LossWindow> | undefined;

  constructor(book: Known) {
    this.#book = book;
  }

  /** Nothing acked is missing; asked after the book is closed. */
  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Acked messages that are absent from the final read. */
  get count(): number {
    if (this.#count === undefined) this.#survey();
    return this.#count!;
  }

  /** Acked messages of which the final read cannot tell. */
  get unjudged(): number {
    if (this.#count === undefined) this.#survey();
    return this.#unjudged;
  }

  /** For a second pass over each producer's file. */
  visitor(): HistoryVisitor {
    const { messages } = this.#book;
    return {
      invoke: (event) => {
        const id = messages.find(event.producer, event.sequence);
        if (id >= 0 && this.#isLost(id)) this.#invokedAt.set(id, event.time);
      },
      complete: (event) => {
        if (event.outcome !== 'ok') return;
        const id = messages.find(event.producer, event.sequence);
        if (id < 0) return;
        const invokedAt = this.#invokedAt.get(id);
        if (invokedAt === undefined) this.#survived(id, event.time);
        else this.#lost(id, invokedAt, event);
      },
    };
  }

  /** All losses, once the second pass is through. */
  *losses(): Generator<Loss> {
    const [certain, possible] = (this.#attributions ??= this.#read().map((reading) =>
      this.#attribute(reading),
    ));
    for (const [index, { id, partition, ackedAt, vanished }] of this.#missing.entries()) {
      const { suspect, ...legality } = joined(certain![index]!, possible?.[index]);
      const fault = this.suspects[suspect]?.injection;
      yield { ...legality, id, partition, ackedAt, vanished, fault };
    }
  }

  /**
   * The highest offset of a partition that was acked before a suspect took effect, and survived it;
   * -1 when none did: as far as that excuses for certain, and as far as it may. Once the second pass is
   * through.
   */
  keptBefore(suspect: Suspect, partition: number): { certain: number; possible: number } {
    const index = this.suspects.indexOf(suspect);
    const kept = this.#read().map(({ survivors }) => survivors.highestOf(partition, index));
    return { certain: kept[0]!, possible: kept.at(-1)! };
  }

  /** The faults that may have taken something; none where times cannot be compared. */
  get suspects(): readonly Suspect[] {
    const { timeline, circumstances, oneClock } = this.#book;
    return (this.#suspects ??= oneClock ? suspectsOf(timeline, circumstances) : []);
  }

  /** What each fault cost; under `undefined` what no fault explains. */
  get windows(): ReadonlyMap<Injection | undefined, LossWindow> {
    if (this.#windows !== undefined) return this.#windows;
    const windows = new Map<Injection | undefined, LossWindow>();
    for (const { fault, ackedAt } of this.losses()) {
      const window = windows.get(fault) ?? { messages: 0, ms: null };
      windows.set(fault, window);
      window.messages++;
      if (fault === undefined || fault.effectiveAt === null) continue;
      window.ms = Math.max(window.ms ?? 0, (fault.effectiveAt - ackedAt) / 1e6);
    }
    return (this.#windows = windows);
  }

  #survey(): void {
    const { messages } = this.#book;
    this.#count = 0;
    messages.forEach((id, marks) => {
      if ((marks & Mark.ok) === 0 || (marks & Mark.inLog) !== 0) return;
      if (this.#isLost(id)) this.#count!++;
      else this.#unjudged++;
    });
  }

  #isLost(id: number): boolean {
    const { messages, copies, circumstances } = this.#book;
    const marks = messages.marks(id);
    if ((marks & Mark.ok) === 0 || (marks & Mark.inLog) !== 0) return false;
    const partition = (marks & Mark.ackedThere) === 0 ? -1 : messages.partition(id);
    if (partition >= 0) return copies.copy(0, partition)?.complete === true;
    const { partitions } = circumstances.plan.scenario.topic;
    for (let number = 0; number < partitions; number++) {
      if (copies.copy(0, number)?.complete !== true) return false;
    }
    return true;
  }

  #lost(id: number, invokedAt: number, { partition, time: ackedAt }: CompleteEvent): void {
    const since = Math.max(invokedAt, ackedAt - lateAckNanos);
    const vanished = this.#book.wasGivenToAny(id);
    this.#missing.push({ id, partition, ackedAt, since, vanished });
    this.#invokedAt.delete(id);
  }

  #survived(id: number, ackedAt: number): void {
    for (const { borders, survivors } of this.#read()) {
      const era = borders.findIndex((border) => border > ackedAt);
      survivors.add(id, era < 0 ? borders.length : era);
    }
  }

  /** The first is certain to excuse no more than may be, the second, where there is one, all of it. */
  #read(): readonly Reading[] {
    if (this.#readings !== undefined) return this.#readings;
    const { clockBoundNanos } = this.#book;
    const exact = clockBoundNanos === 0;
    const ways = exact ? (['certain'] as const) : (['certain', 'possible'] as const);
    return (this.#readings = ways.map((way) => {
      const suspects = exact ? this.suspects : movedSuspects(this.suspects, clockBoundNanos, way);
      // Moved by different lengths, one may have come before another.
      const borders = suspects.map((_, index) =>
        Math.min(...suspects.slice(index).map(({ effectiveAt }) => effectiveAt)),
      );
      return { suspects, borders, survivors: new Survivors(this.#book) };
    }));
  }

  #attribute({ suspects, survivors }: Reading): readonly Attribution[] {
    return attribute({
      suspects,
      missing: this.#missing,
      placeOf: (id, suspect) => survivors.placeOf(id, suspect < 0 ? suspects.length : suspect),
    });
  }
}

function joined(
  certain: Attribution,
  possible: Attribution = certain,
): Attribution | { readonly legality: 'unclear'; readonly suspect: number } {
  if ((certain.legality === 'allowed') === (possible.legality === 'allowed')) return possible;
  return { legality: 'unclear', suspect: possible.suspect };
}
