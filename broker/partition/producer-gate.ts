import { assert } from '../assert.ts';
import { BatchKind, readBatchHeader } from '../protocol/batch.ts';
import type { Entry } from '../raft/types.ts';
import { admitFirst, ProducerState, type Admission, type BatchIdentity } from './producers.ts';

/** The applied side, as the gate reads it: a `PartitionMachine`. */
export interface AppliedProducers {
  readonly appliedIndex: number;
  producer(producerId: number): ProducerState | undefined;
}

const append: Admission = { kind: 'append' };
/** Overlay entries that are kept before those that are applied by now are swept out. */
const sweepFrom = 1024;

/**
 * The leader's admission of produced batches: over the applied state AND over what it has appended
 * but not yet applied, so a retry that overtakes the commit is still seen as a duplicate.
 *
 * It lives as long as one leadership: `reset` on becoming leader, `drop` on losing it. A leader
 * must not admit idempotent batches before an entry of its own term is committed: only then is
 * `sequence-gap` a promise that the missing batches can never come back, which lets a producer
 * send its unacked ones again under a new epoch without risking a duplicate.
 */
export class ProducerGate {
  readonly #applied: AppliedProducers;
  /** State after the newest append of each producer that appended lately. */
  readonly #overlay = new Map<number, ProducerState>();
  #sweepAt = sweepFrom;

  constructor(applied: AppliedProducers) {
    this.#applied = applied;
  }

  /** Decides about one batch of records. `append` obliges the caller to append it, or nothing. */
  admit(batch: BatchIdentity): Admission {
    if (batch.producerId === 0) return append;
    const state = this.#overlay.get(batch.producerId) ?? this.#applied.producer(batch.producerId);
    return state === undefined ? admitFirst(batch) : state.admit(batch);
  }

  /** A batch that `admit` let through is in the leader's log now. */
  appended(
    batch: BatchIdentity,
    place: { readonly baseOffset: number; readonly term: number; readonly index: number },
  ): void {
    if (batch.producerId === 0) return;
    assert(place.index > this.#applied.appliedIndex, 'appended below the applied index');
    const { baseSequence, recordCount } = batch;
    const appended = { baseSequence, recordCount, ...place };
    const state =
      this.#overlay.get(batch.producerId) ?? this.#applied.producer(batch.producerId)?.clone();
    if (state === undefined) {
      this.#overlay.set(batch.producerId, new ProducerState(batch.epoch, [appended]));
    } else {
      state.record(batch.epoch, appended);
      this.#overlay.set(batch.producerId, state);
    }
    if (this.#overlay.size >= this.#sweepAt) this.#sweep();
  }

  /** Becoming leader: `entries` are those of the log after the applied index, in order. */
  reset(entries: Iterable<Entry>): void {
    this.drop();
    for (const entry of entries) {
      if (entry.index <= this.#applied.appliedIndex) continue;
      const header = readBatchHeader(entry.bytes);
      if (header.kind !== BatchKind.records) continue;
      const { baseOffset } = header;
      this.appended(header, { baseOffset, term: entry.term, index: entry.index });
    }
  }

  /** Leadership is lost: whatever was not applied may be cut. */
  drop(): void {
    this.#overlay.clear();
    this.#sweepAt = sweepFrom;
  }

  /** What is applied by now is in the machine as well; doubling keeps the sweeps cheap. */
  #sweep(): void {
    for (const [producerId, state] of this.#overlay) {
      if (state.lastIndex <= this.#applied.appliedIndex) this.#overlay.delete(producerId);
    }
    this.#sweepAt = Math.max(sweepFrom, this.#overlay.size * 2);
  }
}
