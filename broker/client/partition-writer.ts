// Above 400 lines: queue, flight and epoch are one machine, in which each answer moves all three.
// Making batches, what became of one, and back-off have files of their own.
import { assert } from '../assert.ts';
import type { Timer } from '../env/clock.ts';
import type { BrokerError, BrokerErrorCode } from '../errors.ts';
import { addSequence, sequenceDistance } from '../partition/sequence.ts';
import { producerWindow } from '../partition/producers.ts';
import { BatchBuilder, identifyBatch, recordBytes } from './batch-builder.ts';
import { backoffMs, type ClusterClient } from './cluster.ts';
import type { NodeConnection } from './connection.ts';
import { asBrokerError, certainlyRefused } from './errors.ts';
import { OutgoingBatch, type SendDone } from './outgoing-batch.ts';

export interface PartitionWriterOptions {
  readonly cluster: ClusterClient;
  readonly topicId: number;
  readonly partition: number;
  readonly identity: { readonly producerId: number; readonly epoch: number };
  readonly idempotent: boolean;
  readonly lingerMs: number;
  readonly batchBytesMax: number;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly onResolved: (messages: number) => void;
  readonly onNote: (note: string) => void;
}

/** Without an answer for this long, the other nodes are asked whether there is a new leader. */
const stalledMs = 500;
/** A new leader is looked for this often: short, since all that waits for it counts as outage. */
const retryMsMax = 100;

/**
 * Brings one partition's messages to whoever leads it, in order.
 *
 * Model: batches wait in `queue`, then go out in sequence with at most five unanswered. When one
 * of those comes back for another try, nothing new is sent until every answer that is awaited has
 * come (or its connection is lost); then all that is unresolved goes out again, oldest first, as
 * the same bytes under the same sequences. So the broker sees each epoch's sequences in order, and
 * a copy as a copy.
 *
 * Where that chain breaks for good (a batch timed out, was refused, or the leader lost what came
 * before it) the epoch is raised: it starts at sequence 0 again and fences whatever of the old one
 * is still on its way. Only batches that certainly were not appended are sent again then; the
 * others are unknown. When `sequence-gap` tells that even acked ones are gone, that is all of them:
 * a leader that admits has committed in its own term, so what its log lacks never comes back, and
 * without the acked batch no log can hold or get the one after it.
 *
 * Each partition raises on its own: partitions know an epoch only from the batches they got.
 */
export class PartitionWriter {
  readonly #options: PartitionWriterOptions;
  readonly #window: number;
  #identity: { readonly producerId: number; readonly epoch: number };
  #nextSequence = 0;
  /** Sequence of the last record that was acked in this epoch; -1 = none. */
  #ackedSequence = -1;
  #builder: BatchBuilder | undefined;
  #dones: SendDone[] = [];
  #builderCreatedMs = 0;
  /** The batch that is being filled has lingered long enough; it grows only while it must wait. */
  #ripe = false;
  #linger: Timer | undefined;
  #expectedBytes = 2048;
  readonly #queue: OutgoingBatch[] = [];
  /** Sent at least once and unresolved, in order of sequence. */
  #inFlight: OutgoingBatch[] = [];
  #awaited = 0;
  #recovering = false;
  #raiseWanted = false;
  #raising = false;
  /** The leader lost what was acked, so nothing after it can be in the log or get there. */
  #cutProven = false;
  #target = { leader: 0, term: 0 };
  #connecting = false;
  #tries = 0;
  #retryTimer: Timer | undefined;
  #epochTimer: Timer | undefined;
  #probedMs = -Infinity;
  #closed = false;

  constructor(options: PartitionWriterOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#window = options.idempotent ? producerWindow : 1;
  }

  /** A batch is open and has room. */
  get filling(): boolean {
    return this.#builder !== undefined;
  }

  append(key: Uint8Array | undefined, value: Uint8Array, done: SendDone): void {
    const { batchBytesMax } = this.#options;
    let builder = this.#builder;
    if (builder !== undefined && builder.bytes + recordBytes(key, value) > batchBytesMax) {
      this.#finishBuilder();
      this.#pump();
      builder = undefined;
    }
    builder ??= this.#openBuilder();
    builder.append(key, value);
    this.#dones.push(done);
    if (builder.bytes >= batchBytesMax) {
      this.#finishBuilder();
      this.#pump();
    }
  }

  /** What is being filled waits no longer. */
  flush(): void {
    this.#ripe = true;
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#linger?.cancel();
    this.#retryTimer?.cancel();
    this.#epochTimer?.cancel();
  }

  /** What is known of leaders has changed. */
  leaderChanged(): void {
    const known = this.#options.cluster.leader(this.#options.topicId, this.#options.partition);
    if (known.leader === 0 || known.term <= this.#target.term) return;
    if (this.#awaited > 0 && known.leader !== this.#target.leader) {
      const moved = `partition ${this.#options.partition}: leader is node ${known.leader} now`;
      this.#options.onNote(moved);
      for (const batch of this.#inFlight) if (batch.awaited) this.#abandon(batch);
      this.#recovering = true;
    }
    this.#tries = 0;
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#pump();
  }

  /** Called now and then while anything is unresolved: delivery time-outs and hung nodes. */
  tick(nowMs: number): void {
    const { deliveryTimeoutMs, requestTimeoutMs, cluster } = this.#options;
    const bornBeforeMs = nowMs - deliveryTimeoutMs;
    while (this.#inFlight.length > 0 && this.#inFlight[0]!.createdMs <= bornBeforeMs) {
      const batch = this.#inFlight[0]!;
      if (batch.awaited) this.#abandon(batch);
      this.#giveUp(batch, 'timed-out');
      this.#wantRaise(`partition ${this.#options.partition}: a batch timed out`);
    }
    while (this.#queue.length > 0 && this.#queue[0]!.createdMs <= bornBeforeMs) {
      this.#giveUp(this.#queue.shift()!, 'timed-out');
    }
    if (this.#builder !== undefined && this.#builderCreatedMs <= bornBeforeMs) {
      this.#finishBuilder();
      this.#giveUp(this.#queue.pop()!, 'timed-out');
    }
    const waited = this.#inFlight.find((batch) => batch.awaited);
    if (waited !== undefined && nowMs - waited.sentMs >= requestTimeoutMs) {
      waited.connection?.close();
    } else if (waited !== undefined && nowMs - waited.sentMs >= stalledMs) {
      if (nowMs - this.#probedMs >= stalledMs) {
        this.#probedMs = nowMs;
        void cluster.refresh();
      }
    }
    this.#pump();
  }

  #openBuilder(): BatchBuilder {
    const { cluster, lingerMs } = this.#options;
    const builder = new BatchBuilder(this.#expectedBytes);
    this.#builder = builder;
    this.#builderCreatedMs = cluster.clock.monotonicMs();
    this.#ripe = false;
    const ripen = (): void => {
      if (this.#builder === builder) this.flush();
    };
    if (lingerMs > 0) this.#linger = cluster.clock.setTimer(lingerMs, ripen);
    else cluster.clock.defer(ripen);
    return builder;
  }

  #finishBuilder(): void {
    const builder = this.#builder;
    assert(builder !== undefined, 'there is no batch to finish');
    const wallMs = Math.max(0, Math.floor(this.#options.cluster.clock.wallMs()));
    const bytes = builder.finish(wallMs);
    this.#expectedBytes = Math.ceil((this.#expectedBytes * 3 + builder.bytes * 1.25) / 4);
    this.#queue.push(new OutgoingBatch(bytes, this.#dones, this.#builderCreatedMs));
    this.#builder = undefined;
    this.#dones = [];
    this.#linger?.cancel();
    this.#linger = undefined;
  }

  #pump(): void {
    if (this.#closed || this.#raising || this.#retryTimer !== undefined) return;
    if (this.#raiseWanted || this.#recovering) {
      if (this.#awaited > 0) return;
      if (this.#raiseWanted) {
        this.#raise();
        return;
      }
    }
    if (!this.#recovering && !this.#hasNew()) return;
    const connection = this.#connection();
    if (connection === undefined) return;
    if (this.#recovering) {
      this.#recovering = false;
      for (const batch of this.#inFlight) this.#transmit(batch, connection);
    }
    while (this.#inFlight.length < this.#window && this.#hasNew()) {
      if (this.#queue.length === 0) this.#finishBuilder();
      const batch = this.#queue.shift()!;
      this.#sequence(batch);
      this.#inFlight.push(batch);
      this.#transmit(batch, connection);
    }
  }

  #hasNew(): boolean {
    return this.#queue.length > 0 || (this.#builder !== undefined && this.#ripe);
  }

  #sequence(batch: OutgoingBatch): void {
    if (this.#options.idempotent) {
      batch.baseSequence = this.#nextSequence;
      this.#nextSequence = addSequence(this.#nextSequence, batch.dones.length);
    } else {
      batch.baseSequence = 0;
    }
    identifyBatch(batch.bytes, { ...this.#identity, baseSequence: batch.baseSequence });
  }

  /** The leader's connection if it is there now; otherwise it is on its way and pumps then. */
  #connection(): NodeConnection | undefined {
    const { cluster, topicId, partition } = this.#options;
    const known = cluster.leader(topicId, partition);
    if (known.leader === 0) {
      this.#retryLater();
      return undefined;
    }
    const connection = cluster.connected(known.leader);
    if (connection !== undefined && !connection.closed) {
      this.#target = known;
      return connection;
    }
    if (this.#connecting) return undefined;
    this.#connecting = true;
    cluster.connect(known.leader).then(
      () => {
        this.#connecting = false;
        this.#pump();
      },
      () => {
        this.#connecting = false;
        this.#retryLater();
      },
    );
    return undefined;
  }

  #transmit(batch: OutgoingBatch, connection: NodeConnection): void {
    const { topicId, partition, cluster } = this.#options;
    batch.attempts++;
    batch.connection = connection;
    batch.sentMs = cluster.clock.monotonicMs();
    this.#awaited++;
    const request = { topicId, partition, batch: batch.bytes };
    batch.correlationId = connection.produce(request, (error, baseOffset) => {
      batch.connection = undefined;
      this.#awaited--;
      if (error === undefined) this.#acked(batch, baseOffset);
      else this.#refused(batch, error);
      this.#pump();
    });
  }

  /** The answer is not waited for any longer, whatever it may be. */
  #abandon(batch: OutgoingBatch): void {
    batch.connection?.forget(batch.correlationId);
    batch.connection = undefined;
    batch.uncertain = true;
    this.#awaited--;
  }

  #acked(batch: OutgoingBatch, baseOffset: number): void {
    this.#tries = 0;
    const last = addSequence(batch.baseSequence, batch.dones.length - 1);
    if (this.#ackedSequence < 0 || sequenceDistance(this.#ackedSequence, last) > 0) {
      this.#ackedSequence = last;
    }
    this.#forget(batch);
    const { partition } = this.#options;
    const { dones, attempts } = batch;
    for (let at = 0; at < dones.length; at++) {
      dones[at]!('ok', partition, baseOffset + at, attempts, undefined);
    }
    this.#options.onResolved(dones.length);
  }

  #refused(batch: OutgoingBatch, error: BrokerError): void {
    batch.lastError = error.code;
    if (!certainlyRefused(error)) batch.uncertain = true;
    if (error.code === 'sequence-gap') this.#gap(batch, error.detail ?? -1);
    else if (error.code === 'sequence-too-old') this.#giveUp(batch, error.code);
    else if (error.code === 'stale-epoch') {
      this.#recovering = true;
      const { epoch } = this.#identity;
      this.#wantRaise(`partition ${this.#options.partition}: epoch ${epoch} is fenced`);
    } else if (error.retriable) {
      this.#recovering = true;
      this.#retryLater();
    } else {
      this.#giveUp(batch, error.code);
      this.#wantRaise(`partition ${this.#options.partition}: a batch was refused (${error.code})`);
    }
  }

  #gap(batch: OutgoingBatch, lastKnown: number): void {
    this.#recovering = true;
    // One before it comes back for another try: that is the gap, and it will be filled.
    if (batch !== this.#inFlight[0]) return;
    const { partition } = this.#options;
    const acked = this.#ackedSequence;
    const ackedIsGone = acked >= 0 && sequenceDistance(lastKnown, acked) > 0;
    if (ackedIsGone && lastKnown >= 0) this.#cutProven = true;
    this.#wantRaise(
      ackedIsGone
        ? `partition ${partition}: sequence gap: ${acked} was acked, the leader knows ${lastKnown}`
        : `partition ${partition}: sequence gap: one before was never appended`,
    );
  }

  #wantRaise(why: string): void {
    if (!this.#options.idempotent || this.#raiseWanted) return;
    this.#raiseWanted = true;
    this.#options.onNote(`${why}; raising the epoch`);
  }

  #raise(): void {
    this.#raising = true;
    const unresolved = this.#inFlight;
    this.#inFlight = [];
    const again: OutgoingBatch[] = [];
    for (const batch of unresolved) {
      if (batch.uncertain && !this.#cutProven) this.#giveUp(batch, batch.lastError ?? 'timed-out');
      else again.push(batch);
    }
    for (const batch of again) batch.uncertain = false;
    this.#cutProven = false;
    this.#queue.unshift(...again);
    this.#askEpoch();
  }

  #askEpoch(): void {
    const { cluster, deliveryTimeoutMs, partition, onNote } = this.#options;
    const { producerId } = this.#identity;
    const asked = cluster.callCoordinator(
      'initProducer',
      { producerId },
      { timeoutMs: deliveryTimeoutMs },
    );
    asked.then(
      (identity) => {
        if (this.#closed) return;
        this.#identity = identity;
        this.#nextSequence = 0;
        this.#ackedSequence = -1;
        this.#raising = false;
        this.#raiseWanted = false;
        this.#recovering = false;
        const { producerId: id, epoch } = identity;
        onNote(`partition ${partition}: epoch ${epoch} of producer ${id}`);
        this.#pump();
      },
      (error: unknown) => {
        if (this.#closed) return;
        onNote(`partition ${partition}: no new epoch yet: ${asBrokerError(error).message}`);
        this.#epochTimer = cluster.clock.setTimer(retryMsMax, () => this.#askEpoch());
      },
    );
  }

  #retryLater(): void {
    void this.#options.cluster.refresh();
    const { cluster } = this.#options;
    if (this.#retryTimer !== undefined || this.#closed || cluster.closed) return;
    const waitMs = Math.min(retryMsMax, backoffMs(cluster.random, this.#tries++));
    this.#retryTimer = cluster.clock.setTimer(waitMs, () => {
      this.#retryTimer = undefined;
      this.#pump();
    });
  }

  /** No answer will be better than what is known: unknown, or certainly not appended. */
  #giveUp(batch: OutgoingBatch, code: BrokerErrorCode): void {
    this.#forget(batch);
    const appendedOnce = batch.uncertain || code === 'sequence-too-old';
    const outcome = appendedOnce ? 'info' : 'fail';
    for (const done of batch.dones) done(outcome, -1, -1, batch.attempts, code);
    this.#options.onResolved(batch.dones.length);
  }

  #forget(batch: OutgoingBatch): void {
    const at = this.#inFlight.indexOf(batch);
    if (at === 0) this.#inFlight.shift();
    else if (at > 0) this.#inFlight.splice(at, 1);
  }
}
