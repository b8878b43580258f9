import { BrokerError } from '../errors.ts';
import type { Requests, TopicConfig, TopicInfo } from '../protocol/api.ts';
import { backoffMs, type ClusterClient } from './cluster.ts';

export interface Roles {
  /** Node ids; index = partition; 0 = unknown. */
  readonly leaders: readonly number[];
  /** Leader of the system group; 0 = unknown. */
  readonly coordinator: number;
}

type NodeStatus = Requests['describe']['response'];

/** What is done now and then: topics, and who does what. Needs the cluster's token. */
export class Admin {
  readonly #cluster: ClusterClient;

  constructor(cluster: ClusterClient) {
    this.#cluster = cluster;
  }

  /**
   * Creates the topic and waits until each partition has a leader. Rejects with `topic-exists`,
   * `invalid-request`, `unauthorized`, or `unavailable` when the leaders do not come in time.
   */
  async createTopic(config: TopicConfig, timeoutMs = 15_000): Promise<TopicInfo> {
    const { clock, random } = this.#cluster;
    const endMs = clock.monotonicMs() + timeoutMs;
    await this.#cluster.callCoordinator('createTopic', { config }, { timeoutMs });
    for (let tries = 0; clock.monotonicMs() < endMs; tries++) {
      const topic = await this.#cluster.topic(config.name, endMs - clock.monotonicMs());
      const { leaders } = await this.roles(config.name);
      if (leaders.every((leader) => leader !== 0)) return topic;
      await this.#cluster.pause(Math.min(100, backoffMs(random, tries)));
    }
    const what = `topic "${config.name}" was created, but not every partition has a leader yet`;
    throw new BrokerError('unavailable', what);
  }

  /** The topic as the cluster has it. Rejects with `unknown-topic`. */
  describeTopic(name: string): Promise<TopicInfo> {
    return this.#cluster.topic(name);
  }

  /** One node's Raft groups. */
  async describeNode(nodeId: number): Promise<NodeStatus> {
    const connection = await this.#cluster.connect(nodeId);
    return connection.call('describe', {}, this.#cluster.requestTimeoutMs);
  }

  /** Who leads what, asked for now. */
  async roles(topic: string): Promise<Roles> {
    const { topicId, config } = await this.#cluster.topic(topic);
    await this.#cluster.refresh();
    const leaders = Array.from({ length: config.partitions }, (_, partition) => {
      return this.#cluster.leader(topicId, partition).leader;
    });
    return { leaders, coordinator: this.#cluster.metadata.coordinator };
  }
}
