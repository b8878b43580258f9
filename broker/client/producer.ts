import { assert } from '../assert.ts';
import type { Timer } from '../env/clock.ts';
import { BrokerError } from '../errors.ts';
import type { TopicInfo } from '../protocol/api.ts';
import { batchHeaderBytes } from '../protocol/batch.ts';
import { recordBytes } from './batch-builder.ts';
import type { ClusterClient } from './cluster.ts';
import type { SendDone } from './outgoing-batch.ts';
import { partitionOfKey } from './partitioner.ts';
import { PartitionWriter } from './partition-writer.ts';

export interface ProducerOptions {
  readonly topic: string;
  /** Messages without an outcome; beyond it `send` returns false. */
  readonly inFlightMax: number;
  /** How long a batch that is not full waits for more; 0 = until the end of the turn. */
  readonly lingerMs: number;
  readonly batchBytesMax: number;
  /** From `send` to an outcome, at the latest. */
  readonly deliveryTimeoutMs: number;
  /**
   * Retries are recognised by the broker: no duplicates, five batches in flight per partition.
   * Without it one batch is in flight, so that a retry cannot overtake, but may be a duplicate.
   */
  readonly idempotent: boolean;
  /** The window has room again after `send` returned false. */
  readonly onDrain?: () => void;
  readonly onNote?: (note: string) => void;
  /** Without an answer for this long a node counts as hung and its connection is given up. */
  readonly requestTimeoutMs?: number;
}

const tickMsMin = 5;
const tickMsMax = 100;

/** Sends messages to one topic; a key always goes to the same partition, in the order of `send`. */
export class Producer {
  readonly #cluster: ClusterClient;
  readonly #options: ProducerOptions;
  readonly #writers: PartitionWriter[];
  readonly #batchBytesMax: number;
  readonly #unsubscribe: () => void;
  readonly #tickMs: number;
  #unresolved = 0;
  #wantsDrain = false;
  #draining = false;
  #tick: Timer | undefined;
  #rotation = 0;
  #closing: (() => void) | undefined;
  #closed = false;

  /** Rejects with `unknown-topic`, or when no coordinator gives an idempotent producer its id. */
  static async create(cluster: ClusterClient, options: ProducerOptions): Promise<Producer> {
    const topic = await cluster.topic(options.topic);
    let identity = { producerId: 0, epoch: 0 };
    if (options.idempotent) {
      const timeoutMs = options.deliveryTimeoutMs;
      identity = await cluster.callCoordinator('initProducer', { producerId: 0 }, { timeoutMs });
    }
    return new Producer(cluster, options, topic, identity);
  }

  private constructor(
    cluster: ClusterClient,
    options: ProducerOptions,
    topic: TopicInfo,
    identity: { readonly producerId: number; readonly epoch: number },
  ) {
    assert(options.inFlightMax >= 1, 'inFlightMax must be at least 1');
    this.#cluster = cluster;
    this.#options = options;
    this.#batchBytesMax = Math.max(options.batchBytesMax, batchHeaderBytes + 1);
    this.#tickMs = Math.min(tickMsMax, Math.max(tickMsMin, options.deliveryTimeoutMs / 20));
    this.#writers = topic.partitions.map(
      ({ partition }) =>
        new PartitionWriter({
          cluster,
          topicId: topic.topicId,
          partition,
          identity,
          idempotent: options.idempotent,
          lingerMs: options.lingerMs,
          batchBytesMax: this.#batchBytesMax,
          deliveryTimeoutMs: options.deliveryTimeoutMs,
          requestTimeoutMs: options.requestTimeoutMs ?? 5000,
          onResolved: (messages) => this.#resolved(messages),
          onNote: options.onNote ?? (() => {}),
        }),
    );
    this.#unsubscribe = cluster.onChange(() => {
      for (const writer of this.#writers) writer.leaderChanged();
    });
  }

  get partitions(): number {
    return this.#writers.length;
  }

  /** Messages that have no outcome yet. */
  get unresolved(): number {
    return this.#unresolved;
  }

  /**
   * Takes the message (key and value are copied, so the caller may use them again) and returns
   * true; or, with the window full, takes nothing, returns false and calls `onDrain` later.
   */
  send(key: Uint8Array | undefined, value: Uint8Array, done: SendDone): boolean {
    assert(!this.#closed, 'sent on a closed producer');
    if (this.#unresolved >= this.#options.inFlightMax) {
      this.#wantsDrain = true;
      return false;
    }
    this.#unresolved++;
    const writer =
      key === undefined
        ? this.#writers[this.#rotate()]!
        : this.#writers[partitionOfKey(key, this.#writers.length)]!;
    const bytes = batchHeaderBytes + recordBytes(key, value);
    if (bytes > this.#batchBytesMax && bytes > this.#nodeBatchBytesMax()) {
      this.#cluster.clock.defer(() => {
        done('fail', -1, -1, 0, 'too-large');
        this.#resolved(1);
      });
      return true;
    }
    writer.append(key, value, done);
    if (this.#tick === undefined) this.#scheduleTick();
    return true;
  }

  /** Waits for the outcome of all that was sent, at most the delivery time-out. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const writer of this.#writers) writer.flush();
    if (this.#unresolved > 0) {
      await new Promise<void>((resolve) => {
        this.#closing = resolve;
      });
    }
    this.#tick?.cancel();
    this.#unsubscribe();
    for (const writer of this.#writers) writer.close();
  }

  /** Keyless messages stay with one partition while its batch fills, then move on. */
  #rotate(): number {
    if (!this.#writers[this.#rotation]!.filling) {
      this.#rotation = (this.#rotation + 1) % this.#writers.length;
    }
    return this.#rotation;
  }

  #nodeBatchBytesMax(): number {
    for (const nodeId of this.#cluster.metadata.nodes.keys()) {
      const connection = this.#cluster.connected(nodeId);
      if (connection !== undefined) return connection.batchBytesMax;
    }
    return Infinity;
  }

  #resolved(messages: number): void {
    this.#unresolved -= messages;
    assert(this.#unresolved >= 0, 'a message had two outcomes');
    if (this.#unresolved === 0) this.#closing?.();
    if (!this.#wantsDrain || this.#draining) return;
    if (this.#unresolved >= this.#options.inFlightMax) return;
    // After the turn: one call for all that it resolved, and never inside a `done`.
    this.#draining = true;
    this.#cluster.clock.defer(() => {
      this.#draining = false;
      this.#wantsDrain = false;
      this.#options.onDrain?.();
    });
  }

  #scheduleTick(): void {
    this.#tick = this.#cluster.clock.setTimer(this.#tickMs, () => {
      this.#tick = undefined;
      const now = this.#cluster.clock.monotonicMs();
      for (const writer of this.#writers) writer.tick(now);
      if (this.#unresolved > 0) this.#scheduleTick();
    });
  }
}

/** For callers that await single messages; for load use `send`. Rejects unless it was acked. */
export function sendAndWait(
  producer: Producer,
  key: Uint8Array | undefined,
  value: Uint8Array,
): Promise<{ readonly partition: number; readonly offset: number }> {
  return new Promise((resolve, reject) => {
    const taken = producer.send(key, value, (outcome, partition, offset, _attempts, code) => {
      if (outcome === 'ok') resolve({ partition, offset });
      else {
        const message = outcome === 'fail' ? 'was not appended' : 'may or may not be appended';
        reject(new BrokerError(code ?? 'timed-out', `the message ${message}`));
      }
    });
    if (!taken) reject(new BrokerError('overloaded', 'the in-flight window is full'));
  });
}
