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
import { suspectsOf } from './suspects.ts';
import type { Suspect } from './suspects.ts';

export type Loss = Legality & {
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
  wasGivenToAny(id: number): boolean;
}

/**
 * Which acked messages are lost, where they lay (`Survivors`), and which fault took them
 * (`attribute`). A fault can take what was sent before it took effect, if the ack did not come more
 * than a second after that, since then whoever served after the fault gave it.
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
  #attributions: readonly Attribution[] | undefined;
  readonly #survivors: Survivors;
  #windows: ReadonlyMap<Injection | undefined, LossWindow> | undefined;

  constructor(book: Known) {
    this.#book = book;
    this.#survivors = new Survivors(book);
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
    this.#attributions ??= attribute({
      suspects: this.suspects,
      missing: this.#missing,
      placeOf: (id, suspect) =>
        this.#survivors.placeOf(id, suspect < 0 ? this.suspects.length : suspect),
    });
    for (const [index, { id, partition, ackedAt, vanished }] of this.#missing.entries()) {
      const { suspect, ...legality } = this.#attributions[index]!;
      const fault = this.suspects[suspect]?.injection;
      yield { ...legality, id, partition, ackedAt, vanished, fault };
    }
  }

  /**
   * The highest offset of a partition that was acked before a suspect took effect, and survived it;
   * -1 when none did. Once the second pass is through.
   */
  keptBefore(suspect: Suspect, partition: number): number {
    return this.#survivors.highestOf(partition, this.suspects.indexOf(suspect));
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
    const era = this.suspects.findIndex(({ effectiveAt }) => effectiveAt > ackedAt);
    this.#survivors.add(id, era < 0 ? this.suspects.length : era);
  }
}
