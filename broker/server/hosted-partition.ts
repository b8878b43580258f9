import { BrokerError } from '../errors.ts';
import type { PartitionCommand } from '../partition/commands.ts';
import { encodePartitionCommand } from '../partition/commands.ts';
import { PartitionMachine } from '../partition/partition.ts';
import { ProducerGate } from '../partition/producer-gate.ts';
import type { GroupStatus, TopicConfig } from '../protocol/api.ts';
import type { Message } from '../raft/types.ts';
import { AppliedQueue } from './applied-queue.ts';
import type { FetchSource, PendingFetch } from './fetch.ts';
import { FetchQueue } from './fetch-queue.ts';
import type { Metrics } from './metrics.ts';
import { ProducePath } from './produce-path.ts';
import type { ProduceRequest } from './produce-path.ts';
import { Replica } from './replica.ts';
import type { ReplicaOptions } from './replica.ts';
import { ServedState } from './served-state.ts';
import type { MachinePart, Wraps } from './node-options.ts';

export interface HostedPartitionOptions {
  readonly groupId: number;
  readonly config: TopicConfig;
  readonly metrics: Metrics;
  readonly wrap: Wraps;
  readonly replica: Omit<ReplicaOptions, 'machine' | 'onAdvance' | 'onFailed'>;
  readonly onFailed: (error: BrokerError) => void;
  /** All that this turn of the replica lets answer has been answered. */
  readonly onAnswered: () => void;
}

/** One partition as this node holds it: its replica, and what waits for its log to move on. */
export class HostedPartition implements FetchSource {
  readonly groupId: number;
  readonly config: TopicConfig;
  readonly machine: MachinePart;
  readonly fetches: FetchQueue;
  readonly #state: ServedState;
  readonly #produces: ProducePath;
  readonly #metrics: Metrics;
  readonly #commands = new AppliedQueue();
  readonly #onFailed: (error: BrokerError) => void;
  readonly #onAnswered: () => void;
  #opened: Replica | undefined;

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
    const { wrap, groupId, metrics } = options;
    const { replicas, replication } = options.config;
    this.groupId = groupId;
    this.config = options.config;
    this.#metrics = metrics;
    this.#onFailed = options.onFailed;
    this.#onAnswered = options.onAnswered;
    const machine = new PartitionMachine();
    this.machine = wrap.partitionMachine?.(machine, groupId) ?? machine;
    const own = new ProducerGate(this.machine);
    const gate = wrap.producerGate?.(own, groupId) ?? own;
    this.#produces = new ProducePath({ gate, replication, alone: replicas === 1, metrics });
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
    return this.leadingTerm !== 0;
  }

  /** The term in which this node leads as far as its clients know; 0 = it does not. */
  get leadingTerm(): number {
    return this.#produces.leadingTerm;
  }

  /** The term in which it takes batches and commands; 0 = it does not. */
  get servingTerm(): number {
    return this.#produces.servingTerm;
  }

  /** Leads; or cannot for want of space, but is the only copy that there is. */
  get answersReaders(): boolean {
    return this.leading || (this.config.replicas === 1 && this.replica.diskFull);
  }

  /** Why the replica has stopped, if it has. */
  get failure(): BrokerError | undefined {
    return this.#produces.failure;
  }

  get pendingProduces(): number {
    return this.#produces.pending;
  }

  await(fetch: PendingFetch): void {
    this.fetches.wait(fetch);
  }

  step(message: Message): void {
    if (this.failure === undefined) this.#opened?.step(message);
  }

  tick(elapsedMs: number): void {
    if (this.failure === undefined) this.#opened?.tick(elapsedMs);
  }

  /** `ProducePath.produce` on this partition's replica. */
  produce(batch: Buffer, request: ProduceRequest): void {
    this.#produces.produce(this.replica, batch, request);
  }

  /**
   * Appends a command and answers once it is applied: the offset of the cursor. Rejects with
   * `not-leader` (detail 1: not appended) and `fenced`.
   */
  command(command: PartitionCommand, timestampMs: number): Promise<number> {
    const refusal = this.#produces.refusal(this.replica);
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
    const replica = this.#opened;
    this.#produces.lose(replica, 'shutting-down');
    if (replica !== undefined) this.#leadershipLost(replica);
    this.fetches.fail('shutting-down', 'the node is stopping');
    await replica?.close();
  }

  /** The replica moved: at most once per turn. */
  #advance(): void {
    const replica = this.#opened;
    if (replica === undefined) return;
    const before = this.#produces.leadingTerm;
    this.#produces.advance(replica);
    const { leadingTerm } = this.#produces;
    if (leadingTerm !== before) {
      if (before !== 0) this.#leadershipLost(replica);
      if (leadingTerm !== 0) this.#metrics.elections++;
    }
    if (leadingTerm !== 0 && this.#commands.length > 0) {
      this.#commands.applied(replica.appliedIndex);
    }
    this.fetches.wake(this);
    this.#onAnswered();
  }

  #leadershipLost(replica: Replica): void {
    this.#commands.lost(replica.appliedIndex, (index) => replica.log.termAt(index));
    this.fetches.leadershipLost();
  }

  #fail(error: BrokerError): void {
    const replica = this.#opened;
    this.#produces.fail(replica, error);
    if (replica !== undefined) this.#leadershipLost(replica);
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
