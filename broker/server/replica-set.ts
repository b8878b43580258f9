import { BrokerError } from '../errors.ts';
import type { Env } from '../env/env.ts';
import type { Topic } from '../group/system.ts';
import type { GroupStatus } from '../protocol/api.ts';
import type { Message } from '../raft/types.ts';
import { partitionGroupId } from './group-id.ts';
import { HostedPartition } from './hosted-partition.ts';
import type { HostedPartitionOptions } from './hosted-partition.ts';
import type { Metrics } from './metrics.ts';
import type { Report, Wraps } from './node-options.ts';
import type { ReplicaOptions } from './replica.ts';

const openRetryMs = 500;

export interface ReplicaSetOptions {
  readonly env: Env;
  readonly nodeId: number;
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly cacheBytes: number;
  readonly metrics: Metrics;
  readonly wrap: Wraps;
  readonly report: Report;
  readonly send: (groupId: number, message: Message) => void;
  /** Answers are ready to go out. */
  readonly onAnswered: () => void;
  /** The replica cannot be opened; the node must not go on as if it had it. */
  readonly onFatal: (error: BrokerError) => void;
}

/** The partitions that this node holds a replica of: opened as their topics become known here. */
export class ReplicaSet {
  readonly #options: ReplicaSetOptions;
  readonly #partitions = new Map<number, HostedPartition>();
  /** Seen in the system group's state, whether placed here or not. */
  readonly #knownTopics = new Map<number, Topic>();
  readonly #opening = new Map<number, Promise<void>>();
  #closed = false;

  constructor(options: ReplicaSetOptions) {
    this.#options = options;
  }

  get all(): IterableIterator<HostedPartition> {
    return this.#partitions.values();
  }

  get size(): number {
    return this.#partitions.size;
  }

  partition(topicId: number, partition: number): HostedPartition | undefined {
    const groupId = partitionGroupId(topicId, partition);
    return groupId === undefined ? undefined : this.#partitions.get(groupId);
  }

  /** What to tell a client when `partition` found nothing. */
  whyMissing(topicId: number, partition: number): BrokerError {
    const topic = this.#knownTopics.get(topicId);
    if (topic === undefined || partition >= topic.config.partitions) {
      return new BrokerError(
        'unknown-topic',
        `partition ${partition} of topic ${topicId} is unknown`,
      );
    }
    if (topic.placement[partition]?.includes(this.#options.nodeId) === true) {
      return new BrokerError('unavailable', 'the replica is being opened');
    }
    return new BrokerError('not-leader', 'this node has no replica of the partition', {
      detail: 1,
    });
  }

  /** Opens what is new among `topics` and placed on this node. */
  sync(topics: Iterable<Topic>): void {
    if (this.#closed) return;
    for (const topic of topics) {
      if (this.#knownTopics.has(topic.topicId)) continue;
      this.#knownTopics.set(topic.topicId, topic);
      topic.placement.forEach((voters, partition) => {
        if (voters.includes(this.#options.nodeId)) this.#open(topic, partition, voters);
      });
    }
  }

  step(groupId: number, message: Message): void {
    this.#partitions.get(groupId)?.step(message);
  }

  tick(elapsedMs: number, nowMs: number): void {
    for (const partition of this.#partitions.values()) {
      partition.tick(elapsedMs);
      partition.fetches.expire(partition, nowMs);
    }
  }

  statuses(): GroupStatus[] {
    return [...this.#partitions.values()]
      .map((partition) => partition.status())
      .sort((left, right) => left.groupId - right.groupId);
  }

  /** Resolves once nothing is being opened any more. */
  async settled(): Promise<void> {
    while (this.#opening.size > 0) await Promise.all(this.#opening.values());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
    await Promise.all([...this.#partitions.values()].map((partition) => partition.close()));
  }

  #open(topic: Topic, partition: number, voters: readonly number[]): void {
    const groupId = partitionGroupId(topic.topicId, partition)!;
    const name = `${topic.config.name}/${partition}`;
    const opening = this.#openWithSpace(name, {
      groupId,
      config: topic.config,
      metrics: this.#options.metrics,
      wrap: this.#options.wrap,
      replica: this.#replicaOptions(topic, groupId, voters),
      onAnswered: this.#options.onAnswered,
      onFailed: (error) => {
        this.#options.report('error', `partition ${name} stopped: ${error.message}`, {
          code: error.code,
        });
      },
    }).then(
      async (hosted) => {
        if (hosted === undefined) return;
        this.#tellOfRecovery(name, hosted);
        if (this.#closed) await hosted.close();
        else this.#partitions.set(groupId, hosted);
      },
      (error: unknown) => {
        if (!(error instanceof BrokerError)) throw error;
        this.#options.onFatal(
          new BrokerError(error.code, `partition ${name} cannot be opened: ${error.message}`, {
            cause: error,
          }),
        );
      },
    );
    this.#opening.set(groupId, opening);
    void opening.finally(() => this.#opening.delete(groupId));
  }

  #tellOfRecovery(name: string, { replica: { log } }: HostedPartition): void {
    const { lacksUpTo, tornBytes } = log.recovery;
    if (tornBytes > 0) {
      const cut = `${tornBytes} bytes that are no whole batch were cut off the end of the log`;
      this.#options.report(
        'warn',
        `partition ${name}: ${cut}, which goes on from index ${log.lastIndex}`,
      );
    }
    if (lacksUpTo === undefined) return;
    const was = Number.isFinite(lacksUpTo)
      ? `was synced up to ${lacksUpTo} before`
      : 'cannot tell how far it was synced before';
    this.#options.report(
      'error',
      `partition ${name}: the log ends at index ${log.lastIndex}, and ${was}; ` +
        'it takes no part in elections until it has caught up with its leader',
      { code: 'corrupt-log' },
    );
  }

  /** On a full disk it waits for space; undefined when the node was closed meanwhile. */
  async #openWithSpace(
    name: string,
    options: HostedPartitionOptions,
  ): Promise<HostedPartition | undefined> {
    for (let tries = 0; !this.#closed; tries++) {
      try {
        return await HostedPartition.open(options);
      } catch (error) {
        if (!(error instanceof BrokerError) || error.code !== 'disk-full') throw error;
        const what = `partition ${name} waits for space to be opened: ${error.message}`;
        if (tries === 0) this.#options.report('error', what, { code: error.code });
      }
      await new Promise<void>((resolve) => {
        this.#options.env.clock.setTimer(openRetryMs, resolve);
      });
    }
    return undefined;
  }

  #replicaOptions(
    { config }: Topic,
    groupId: number,
    voters: readonly number[],
  ): Omit<ReplicaOptions, 'machine' | 'onAdvance' | 'onFailed' | 'onTruncate'> {
    const { env, nodeId, electionTimeoutMs, heartbeatMs, cacheBytes, wrap, send } = this.#options;
    return {
      env,
      groupId,
      nodeId,
      voters,
      directory: `group-${groupId}`,
      flush: { mode: config.flush, intervalMs: config.flushIntervalMs },
      segmentBytes: config.segmentBytes,
      retentionBytes: config.retentionBytes,
      retentionMs: config.retentionMs,
      cacheBytes,
      electionTimeoutMs,
      heartbeatMs,
      send: (message) => send(groupId, message),
      ...(wrap.openLog === undefined ? {} : { openLog: wrap.openLog }),
    };
  }
}
