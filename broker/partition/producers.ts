import { assert } from '../assert.ts';
import { addSequence, sequenceDistance } from './sequence.ts';

/** How many batches of a producer are remembered; also the most that it may have in flight. */
export const producerWindow = 5;

/** What a producer says of its batch: the identity that makes a retry recognisable. */
export interface BatchIdentity {
  readonly producerId: number;
  readonly epoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

/** A batch that is in the log, as the window remembers it. */
export interface AppendedBatch {
  readonly baseSequence: number;
  readonly recordCount: number;
  readonly baseOffset: number;
  readonly term: number;
  readonly index: number;
}

export type Admission =
  | { readonly kind: 'append' }
  /** The first copy is at `index`: its answer is this one's, once that index may be acked. */
  | {
      readonly kind: 'duplicate';
      readonly baseOffset: number;
      readonly term: number;
      readonly index: number;
    }
  | {
      readonly kind: 'error';
      readonly code: 'stale-epoch' | 'sequence-gap' | 'sequence-too-old';
      /** `sequence-gap`: last sequence known, -1 = none. */
      readonly detail: number | undefined;
    };

const append: Admission = { kind: 'append' };

/**
 * One producer's place in a partition: its epoch and its last five batches. The rules are those of
 * Kafka's idempotent producer (KIP-98, KIP-360) with one difference: an unknown producer must
 * start at sequence 0, so a producer that was forgotten is told so and never silently accepted.
 */
export class ProducerState {
  epoch: number;
  /** Oldest first, 1 to 5 batches, sequences without a gap. */
  readonly batches: AppendedBatch[];

  constructor(epoch: number, batches: readonly AppendedBatch[]) {
    assert(
      batches.length >= 1 && batches.length <= producerWindow,
      'producer window out of bounds',
    );
    this.epoch = epoch;
    this.batches = [...batches];
  }

  /** Index of the newest batch. */
  get lastIndex(): number {
    return this.batches[this.batches.length - 1]!.index;
  }

  /** Sequence that the next batch must begin with. */
  get nextSequence(): number {
    const last = this.batches[this.batches.length - 1]!;
    return addSequence(last.baseSequence, last.recordCount);
  }

  clone(): ProducerState {
    return new ProducerState(this.epoch, this.batches);
  }

  /** What the log holds is the truth: a batch that is in it is taken as it is, never refused. */
  record(epoch: number, batch: AppendedBatch): void {
    if (epoch !== this.epoch || batch.baseSequence !== this.nextSequence) this.batches.length = 0;
    this.epoch = epoch;
    if (this.batches.length === producerWindow) this.batches.shift();
    this.batches.push(batch);
  }

  admit(batch: BatchIdentity): Admission {
    if (batch.epoch < this.epoch) return { kind: 'error', code: 'stale-epoch', detail: undefined };
    if (batch.epoch > this.epoch) return admitFirst(batch);
    const next = this.nextSequence;
    if (batch.baseSequence === next) return append;
    for (let at = this.batches.length - 1; at >= 0; at--) {
      const seen = this.batches[at]!;
      if (seen.baseSequence === batch.baseSequence && seen.recordCount === batch.recordCount) {
        const { baseOffset, term, index } = seen;
        return { kind: 'duplicate', baseOffset, term, index };
      }
    }
    if (sequenceDistance(next, batch.baseSequence) < 0) {
      return { kind: 'error', code: 'sequence-too-old', detail: undefined };
    }
    return { kind: 'error', code: 'sequence-gap', detail: addSequence(next, 0x7fff_ffff) };
  }
}

/** A producer, or an epoch of it, that the partition does not know yet. */
export function admitFirst(batch: BatchIdentity): Admission {
  if (batch.baseSequence === 0) return append;
  return { kind: 'error', code: 'sequence-gap', detail: -1 };
}
