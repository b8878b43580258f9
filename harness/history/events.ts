import type { Outcome } from '../driver/driver.ts';

/**
 * What happened, as the history keeps it. Times are monotonic nanoseconds (a double) in the clock
 * domain of the file's header; a message is identified by (producer, sequence). `producer` numbers
 * are unique in a run, also across restarts of a worker; `sequence` counts from 0 without gaps.
 */
export interface InvokeEvent {
  readonly type: 'invoke';
  readonly producer: number;
  readonly sequence: number;
  readonly key: number;
  /** When the plan wanted it sent. */
  readonly intended: number;
  readonly time: number;
}

export interface CompleteEvent {
  readonly type: 'complete';
  readonly producer: number;
  readonly sequence: number;
  readonly outcome: Outcome;
  /** -1 where unknown. */
  readonly partition: number;
  readonly offset: number;
  readonly attempts: number;
  readonly time: number;
}

/** What a payload said of itself; `intact` is false when its checksum did not match. */
interface Identified {
  readonly producer: number;
  readonly sequence: number;
  readonly key: number;
  readonly intact: boolean;
  /** The payload belongs to another run. */
  readonly foreign: boolean;
}

export interface DeliveryEvent extends Identified {
  readonly type: 'delivery';
  readonly consumer: number;
  readonly partition: number;
  readonly offset: number;
  readonly redelivered: boolean;
  readonly intended: number;
  readonly time: number;
}

/** Cumulative, written before the ack goes to the driver. */
export interface AckEvent {
  readonly type: 'ack';
  readonly consumer: number;
  readonly partition: number;
  readonly offset: number;
  readonly time: number;
}

/** A consumer got or lost a partition, or was sent back by the broker: its position starts anew. */
export interface PositionEvent {
  readonly type: 'assigned' | 'revoked' | 'diverged';
  readonly consumer: number;
  readonly partition: number;
  /** Where it resumes; -1 for revoked. */
  readonly offset: number;
  readonly time: number;
}

/**
 * A record of the final read, or of an inspection while the run goes on. `node` 0 = through the
 * leaders; otherwise that node's own copy.
 */
export interface ReadEvent extends Identified {
  readonly type: 'read';
  readonly node: number;
  readonly partition: number;
  readonly offset: number;
}

/** A final read or an inspection of one partition ended: complete, or why not. */
export interface ReadEndEvent {
  readonly type: 'read-end';
  readonly node: number;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly complete: boolean;
  readonly reason: string;
}

/** A step of a fault's life. `requested` < `effective` < `healed` < `recovered`. */
export interface FaultEvent {
  readonly type: 'fault';
  /** Position of the fault in the plan. */
  readonly fault: number;
  readonly kind: string;
  readonly step:
    'requested' | 'effective' | 'probed' | 'heal-requested' | 'healed' | 'heal-probed' | 'failed';
  readonly target: string;
  readonly victims: readonly string[];
  readonly proof: string;
  readonly result: 'confirmed' | 'mismatch' | 'inconclusive' | '';
  readonly time: number;
  /** Of `effective`: when the deed began, before which it had no effect; unknown to earlier versions. */
  readonly begunAt?: number;
}

/** A phase of the run begins: warm-up, a phase of the scenario, drain, final-read, done. */
export interface PhaseEvent {
  readonly type: 'phase';
  readonly name: string;
  readonly time: number;
}

/** A worker's account of itself over the last second. */
export interface WorkerSecondEvent {
  readonly type: 'second';
  readonly worker: string;
  readonly time: number;
  /** Messages whose intended time fell into this second, and how many of them were offered. */
  readonly due: number;
  readonly offered: number;
  /** True while the in-flight window was shut at any moment of this second. */
  readonly windowClosed: boolean;
  readonly eventLoopDelayMicrosP99: number;
  readonly gcMicros: number;
  readonly cpuFraction: number;
}

/** Free text worth keeping: an epoch raised, a leader changed, a worker restarted, an error. */
export interface NoteEvent {
  readonly type: 'note';
  readonly source: string;
  readonly text: string;
  /** A pass has to say it, too. */
  readonly isGround?: true;
  readonly time: number;
}

export type HistoryEvent =
  | InvokeEvent
  | CompleteEvent
  | DeliveryEvent
  | AckEvent
  | PositionEvent
  | ReadEvent
  | ReadEndEvent
  | FaultEvent
  | PhaseEvent
  | WorkerSecondEvent
  | NoteEvent;

/** One history file: `history/<worker>.ackh`. */
export interface HistoryHeader {
  readonly version: 1;
  readonly run: string;
  /** `harness`, `producer-1`, `producer-1.2` (its second life), `consumer-2`, ... */
  readonly worker: string;
  readonly role: 'harness' | 'producer' | 'consumer' | 'reader' | 'inspector';
  /** Of the times in this file; those of two domains are never compared. */
  readonly clockDomain: string;
  /** Where they were measured on another clock, and carried over by this offset. */
  readonly carried?: { readonly from: string; readonly byNanos: number };
  /** Producer or consumer numbers that this file speaks for. */
  readonly numbers: readonly number[];
}
