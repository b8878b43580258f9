import { BrokerError } from '../errors.ts';
import type { BrokerErrorCode } from '../errors.ts';
import type { PartitionCommand } from '../partition/commands.ts';
import { encodePartitionCommand } from '../partition/commands.ts';
import { PartitionMachine } from '../partition/partition.ts';
import { ProducerGate } from '../partition/producer-gate.ts';
import type { GroupStatus, ReplicationMode, TopicConfig } from '../protocol/api.ts';
import type { Message } from '../raft/types.ts';
import { AckQueue } from './ack-queue.ts';
import { AppliedQueue } from './applied-queue.ts';
import type { FetchSource, PendingFetch } from './fetch.ts';
import { FetchQueue } from './fetch-queue.ts';
import type { Metrics } from './metrics.ts';
import { Replica } from './replica.ts';
import type { ReplicaOptions } from './replica.ts';
import { ServedState } from './served-state.ts';
import type { GatePart, MachinePart, Wraps } from './node-options.ts';

/** With replication `async` nothing else bounds what the followers still lack. */
const unappliedBytesMax = 64 * 1024 * 1024;

/** Who waits for the answer to a produce request: a connection, or the gateway. */
export interface AckReceiver {
  answerProduce(correlationId: number, baseOffset: number, term: number): void;
  answerError(correlationId: number, code: BrokerErrorCode, message: string, detail?: number): void;
  /** The request no longer counts as in flight. */
  finish(bytes: number): void;
}

/** A produce request whose batch is in the log and not acked yet. */
export interface PendingProduce {
  readonly receiver: AckReceiver;
  readonly correlationId: number;
  /** Of the request's frame, counted as in flight until answered. */
  readonly bytes: number;
  readonly index: number;
  readonly term: number;
  readonly baseOffset: number;
}

export interface HostedPartitionOptions {
  readonly groupId: number;
  readonly config: TopicConfig;
  readonly metrics: Metrics;
  readonly wrap: Wraps;
  readonly replica: Omit<ReplicaOptions, 'machine' | 'onAdvance' | 'onFailed' | 'onTruncate'>;
  readonly onFailed: (error: BrokerError) => void;
  /** All that this turn of the replica lets answer has been answered. */
  readonly onAnswered: () => void;
}

/**
 * One partition as this node holds it: its replica, what waits for its log to move on, and the gate
 * before it while this node leads.
 */
export class HostedPartition implements FetchSource {
  readonly groupId: number;
  readonly config: TopicConfig;
  readonly machine: MachinePart;
  readonly gate: GatePart;
  readonly fetches: FetchQueue;
  readonly #state: ServedState;
  readonly #replication: ReplicationMode;
  readonly #metrics: Metrics;
  readonly #acks = new AckQueue<PendingProduce>();
  readonly #commands = new AppliedQueue();
  readonly #onFailed: (error: BrokerError) => void;
  readonly #onAnswered: () => void;
  #opened: Replica | undefined;
  /** The term in which this node leads as far as the waiters know; 0 = it does not. */
  #leadingTerm = 0;
  #gateOpen = false;
  #failure: BrokerError | undefined;

  static async open(options: HostedPartitionOptions): Promise<HostedPartition> {
    const hosted = new HostedPartition(options);
    hosted.#opened = await Replica.open({
      ...options.replica,
      machine: hosted.#state,
      onAdvance: () => hosted.#advance(),
      onFailed: (error) => hosted.#fail(error),
    });
    hosted.#advance();
    return hosted;
  }

  private constructor(options: HostedPartitionOptions) {
    const { wrap, groupId } = options;
    this.groupId = groupId;
    this.config = options.config;
    this.#replication = options.config.replication;
    this.#metrics = options.metrics;
    this.#onFailed = options.onFailed;
    this.#onAnswered = options.onAnswered;
    const machine = new PartitionMachine();
    this.machine = wrap.partitionMachine?.(machine, groupId) ?? machine;
    const gate = new ProducerGate(this.machine);
    this.gate = wrap.producerGate?.(gate, groupId) ?? gate;
    this.#state = new ServedState(this.machine);
    this.fetches = new FetchQueue();
  }

  get replica(): Replica {
    if (this.#opened === undefined) throw new BrokerError('unavailable', 'the replica is opening');
    return this.#opened;
  }

  /** Offset behind the last committed record. */
  get highWatermark(): number {
    return this.#state.highWatermark;
  }

  get leading(): boolean {
    return this.#leadingTerm !== 0;
  }

  /** Leads; or cannot for want of space, but is the only copy that there is. */
  get answersReaders(): boolean {
    return this.leading || (this.config.replicas === 1 && this.replica.diskFull);
  }

  /** Why the replica has stopped, if it has. */
  get failure(): BrokerError | undefined {
    return this.#failure;
  }

  get pendingProduces(): number {
    return this.#acks.length;
  }

  await(fetch: PendingFetch): void {
    this.fetches.wait(fetch);
  }

  step(message: Message): void {
    if (this.#failure === undefined) this.#opened?.step(message);
  }

  tick(elapsedMs: number): void {
    if (this.#failure === undefined) this.#opened?.tick(elapsedMs);
  }

  /** Highest index whose producer may be answered under the topic's replication mode. */
  get #ackIndex(): number {
    const replica = this.replica;
    return this.#replication === 'async'
      ? Math.max(replica.persistedIndex, replica.commitIndex)
      : replica.commitIndex;
  }

  /** Answers when `pending.index` may be acked; at once where that is so already. */
  awaitAck(pending: PendingProduce): void {
    if (pending.index <= this.#ackIndex) this.#ack(pending);
    else this.#acks.push(pending);
  }

  /**
   * Appends a command and answers once it is applied: the offset of the cursor. Rejects with
   * `not-leader` (detail 1: not appended) and `fenced`.
   */
  command(command: PartitionCommand, timestampMs: number): Promise<number> {
    const refusal = this.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const cursor = this.machine.cursor(command.group);
    if (cursor !== undefined && cursor.generation > command.generation) {
      return Promise.reject(fenced(command));
    }
    const placed = this.replica.propose(encodePartitionCommand(command, timestampMs));
    if (placed === undefined) return Promise.reject(notLeader(1));
    return new Promise((resolve, reject) => {
      this.#commands.wait(placed.index, placed.term, (applied) => {
        if (!applied) return reject(notLeader(0));
        const answer = this.machine.cursorAnswer(command);
        return answer === 'fenced' ? reject(fenced(command)) : resolve(answer);
      });
    });
  }

  /**
   * Why this node takes no appends right now; undefined when it does. Nothing was appended. A
   * leader takes them once an entry of its own term is applied: every entry before it is too, so
   * the gate knows all that may ever come out of earlier terms.
   */
  refusal(): BrokerError | undefined {
    if (this.#failure !== undefined) {
      const { code, message } = this.#failure;
      return new BrokerError(code, message, { detail: 1 });
    }
    // The replica may have stepped down earlier in this turn, before it says so.
    const { role, term, unappliedBytes, diskFull } = this.replica;
    const leads = this.#gateOpen && role === 'leader' && term === this.#leadingTerm;
    if (!leads && !(diskFull && this.config.replicas === 1)) return notLeader(1);
    if (diskFull) {
      const why = 'the disk of this node is full; reads go on, writes wait for space';
      return new BrokerError('disk-full', why, { detail: 1 });
    }
    if (unappliedBytes < unappliedBytesMax) return undefined;
    const why = 'the replicas are too far behind the leader';
    return new BrokerError('overloaded', why, { detail: 1 });
  }

  status(): GroupStatus {
    const { role, term, leader, commitIndex, lastIndex, log } = this.replica;
    return {
      groupId: this.groupId,
      role,
      term,
      leader,
      commitIndex,
      lastIndex,
      logStartOffset: log.startOffset,
      highWatermark: this.highWatermark,
      logEndOffset: log.nextOffset,
      syncedOffset: log.syncedOffset,
      persistedOffset: log.persistedOffset,
      syncMsMax: log.syncMsMax,
    };
  }

  async close(): Promise<void> {
    this.#loseLeadership('shutting-down');
    this.fetches.fail('shutting-down', 'the node is stopping');
    await this.#opened?.close();
  }

  /** The replica moved: at most once per turn. */
  #advance(): void {
    const replica = this.#opened;
    if (replica === undefined) return;
    const leadingTerm = replica.role === 'leader' ? replica.term : 0;
    if (leadingTerm !== this.#leadingTerm) this.#roleChanged(leadingTerm);
    if (leadingTerm !== 0) this.#answerWaiters(replica);
    this.fetches.wake(this);
    this.#onAnswered();
  }

  #answerWaiters(replica: Replica): void {
    const { appliedIndex } = replica;
    if (!this.#gateOpen && replica.log.termAt(appliedIndex) === this.#leadingTerm) {
      this.gate.reset([]);
      this.#gateOpen = true;
    }
    const ackIndex = this.#ackIndex;
    let pending = this.#acks.takeUpTo(ackIndex);
    while (pending !== undefined) {
      this.#ack(pending);
      pending = this.#acks.takeUpTo(ackIndex);
    }
    if (this.#commands.length > 0) this.#commands.applied(appliedIndex);
  }

  #ack(pending: PendingProduce): void {
    this.#metrics.batchesAcked++;
    pending.receiver.answerProduce(pending.correlationId, pending.baseOffset, pending.term);
    pending.receiver.finish(pending.bytes);
  }

  #roleChanged(leadingTerm: number): void {
    if (this.#leadingTerm !== 0) this.#loseLeadership('not-leader');
    this.#leadingTerm = leadingTerm;
    if (leadingTerm !== 0) this.#metrics.elections++;
  }

  /** What waits is answered "unknown", but for what is committed exactly as it was appended. */
  #loseLeadership(code: BrokerErrorCode): void {
    this.#leadingTerm = 0;
    this.#gateOpen = false;
    this.gate.drop();
    const replica = this.#opened;
    if (replica === undefined) return;
    const termAt = (index: number) => replica.log.termAt(index);
    let pending = this.#acks.take();
    while (pending !== undefined) {
      if (pending.index <= replica.commitIndex && termAt(pending.index) === pending.term) {
        this.#ack(pending);
      } else {
        const why = 'leadership was lost before the batch was acked; its outcome is unknown';
        pending.receiver.answerError(pending.correlationId, code, why, 0);
        pending.receiver.finish(pending.bytes);
      }
      pending = this.#acks.take();
    }
    this.#commands.lost(replica.appliedIndex, termAt);
    this.fetches.leadershipLost();
  }

  #fail(error: BrokerError): void {
    this.#failure = error;
    this.#loseLeadership(error.code);
    this.fetches.fail(error.code, error.message);
    this.#onFailed(error);
  }
}

function notLeader(detail: number): BrokerError {
  return new BrokerError('not-leader', 'this node does not lead the partition', { detail });
}

function fenced(command: PartitionCommand): BrokerError {
  const { group, generation } = command;
  return new BrokerError('fenced', `generation ${generation} of group ${group} is over`);
}
