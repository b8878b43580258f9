import type { ProducerOptions, Target } from '../driver/driver.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';

/**
 * What the harness and a load worker say to each other: JSON lines over one TCP connection that the
 * worker opens (so that workers can run in containers and elsewhere). A worker is started with
 * `--connect host:port --token T`; it ends when this connection closes, however the harness died.
 */
export interface WorkerAssignment {
  readonly type: 'assign';
  readonly run: string;
  /** Also the name of its history file. */
  readonly worker: string;
  readonly historyDirectory: string;
  readonly driver: string;
  readonly target: Target;
  readonly role: ProducerAssignment | ConsumerAssignment;
  /** In whose times it is to think and write; absent: its own clock is the harness's. */
  readonly clock?: CarriedTo;
}

/** The harness's clock, to a worker whose own is another. */
export interface CarriedTo {
  readonly domain: string;
  /** What to add to its own times. */
  readonly offsetNanos: number;
}

export interface ProducerAssignment {
  readonly kind: 'producer';
  /** This life's producer number, unique in the run. */
  readonly producer: number;
  readonly seed: number;
  readonly share: number;
  readonly phases: readonly PlannedPhase[];
  /** Of the load; from here on what is overdue is left out. Absent: all of it is sent. */
  readonly sendUntilMs?: number;
  readonly sizeBytes: number;
  readonly keys: number;
  readonly options: Omit<ProducerOptions, 'onDrain' | 'onNote' | 'onFailed'>;
}

export interface ConsumerAssignment {
  readonly kind: 'consumer';
  readonly consumer: number;
  readonly group: string;
  readonly inFlightMax: number;
  readonly sessionTimeoutMs: number;
}

export type ToWorker =
  | WorkerAssignment
  /** Begin: load time 0 is at this monotonic nanosecond; a late starter skips what is past. */
  | { readonly type: 'start'; readonly originNanos: number }
  /** Producer: after the plan go on with this phase, until it is enough. */
  | { readonly type: 'go-on'; readonly phase: PlannedPhase }
  /** Producer: send nothing more beyond the plan. */
  | { readonly type: 'enough' }
  /** Consumer: tell your progress now, and not only with the next second. */
  | { readonly type: 'report' }
  /** Tell your own clock, at once. */
  | { readonly type: 'clock?'; readonly ask: number }
  /** Producer: stop now. Consumer: ack what was delivered, leave, end. Unassigned: end. */
  | { readonly type: 'stop' };

export type FromWorker =
  | {
      readonly type: 'hello';
      readonly token: string;
      readonly name: string;
      readonly pid: number;
      readonly clockDomain: string;
    }
  | { readonly type: 'clock'; readonly ask: number; readonly nanos: number }
  | { readonly type: 'ready' }
  /** Each second and when asked, for the live view and the drain; the history is the record. */
  | {
      readonly type: 'progress';
      readonly sent: number;
      readonly acked: number;
      readonly failed: number;
      readonly unknown: number;
      readonly delivered: number;
      readonly inFlight: number;
      readonly responseP99Micros: number | null;
      /**
       * Consumer, where the broker has positions: per partition, the offset after the last one
       * delivered in this life. The drain waits until they reach the ends of the log.
       */
      readonly positions?: readonly { readonly partition: number; readonly nextOffset: number }[];
    }
  | { readonly type: 'note'; readonly text: string }
  /** All that was planned is sent and its outcomes are known (producer), or it left (consumer). */
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string };
