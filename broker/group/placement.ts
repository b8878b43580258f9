import { BrokerError } from '../errors.ts';
import type { TopicConfig } from '../protocol/api.ts';

export const partitionsMax = 256;
const topicName = /^[A-Za-z0-9._-]{1,200}$/;

/**
 * Replicas of each partition, first the one that should lead. Round-robin over the nodes, each
 * topic starting one node further on, so that leaders spread over the cluster.
 */
export function placeReplicas(options: {
  readonly nodes: readonly number[];
  readonly partitions: number;
  readonly replicas: number;
  readonly startAt: number;
}): number[][] {
  const { nodes, partitions, replicas, startAt } = options;
  return Array.from({ length: partitions }, (_, partition) =>
    Array.from({ length: replicas }, (_, replica) => {
      return nodes[(startAt + partition + replica) % nodes.length]!;
    }),
  );
}

/** Throws `invalid-request` with a sentence when a cluster of `nodes` nodes cannot hold it. */
export function checkTopicConfig(config: TopicConfig, nodes: number): void {
  const refuse = (reason: string): never => {
    throw new BrokerError('invalid-request', `topic "${config.name}" ${reason}`);
  };
  const positive = (value: number) => Number.isSafeInteger(value) && value >= 1;
  const whole = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!topicName.test(config.name)) {
    refuse('needs a name of 1 to 200 letters, digits, dots, dashes or underscores');
  }
  if (!positive(config.partitions) || config.partitions > partitionsMax) {
    refuse(`needs 1 to ${partitionsMax} partitions, not ${config.partitions}`);
  }
  if (!positive(config.replicas) || config.replicas > nodes) {
    refuse(`wants ${config.replicas} replicas in a cluster of ${nodes} node(s)`);
  }
  if (config.replication === 'none' && config.replicas !== 1) {
    refuse('has replication "none", which means exactly 1 replica');
  }
  if (!positive(config.flushIntervalMs)) refuse('needs a flushIntervalMs of at least 1');
  if (!positive(config.segmentBytes)) refuse('needs a segmentBytes of at least 1');
  if (!whole(config.retentionBytes) || !whole(config.retentionMs)) {
    refuse('needs retentionBytes and retentionMs of 0 or more');
  }
}
