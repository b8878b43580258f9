import type {
  CompleteEvent,
  DeliveryEvent,
  HistoryHeader,
  InvokeEvent,
  PositionEvent,
  ReadEvent,
} from '../history/events.ts';
import type { Book } from './book/book.ts';
import type { Circumstances } from './book/circumstances.ts';
import type { Tally } from './tally.ts';

/**
 * One guarantee per file, registered in `registry.ts`. A checker is asked whether it applies; then
 * it watches the history go by, and at the end gives its finding from what it counted and from the
 * shared book. It keeps no more than what is in flight, and the anomalies found.
 */
export interface Checker {
  readonly name: string;
  /** The guarantee, as one line of `ackworth list`. */
  readonly description: string;
  /** Workers whose lost history would look like an anomaly of this one. */
  readonly misledBy?: readonly ('producer' | 'consumer')[];
  /** What the broker or the scenario lacks, as a sentence; undefined when the check can be made. */
  notApplicable(circumstances: Circumstances): string | undefined;
  watch(book: Book): Watch;
}

/**
 * Events in file order: producers, readers, inspectors, consumers. `id` is the message's row in the
 * book, or -1 for a payload that is not an intact message of this run. The event object is only
 * good during the call. The book holds what was known before the event.
 */
export interface Watch {
  /** A file begins. */
  header?(header: HistoryHeader): void;
  invoke?(event: InvokeEvent, id: number): void;
  /** `invokedAt` is NaN in a run without faults, where nobody needs it. */
  complete?(event: CompleteEvent, id: number, invokedAt: number): void;
  /** Of the final read, or of an inspection. */
  read?(event: ReadEvent, id: number): void;
  delivery?(event: DeliveryEvent, id: number): void;
  position?(event: PositionEvent): void;
  /** Called once the whole history went by and the book is closed. */
  finish(): Finding;
}

/** `invalid` when anything is forbidden, else `unknown` when in doubt, else `valid`. */
export interface Finding {
  /** Anomalies that break a promise. */
  readonly forbidden: Tally;
  /** Anomalies that the promise allows; counted and shown. */
  readonly allowed: Tally;
  /** Why the question could not be answered in full, as sentences. */
  readonly doubts: readonly string[];
  readonly evidence: string;
}
