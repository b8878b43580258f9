import { BrokerError } from '../errors.ts';
import type { Topic } from '../group/system.ts';
import type { PartitionInfo, TopicInfo } from '../protocol/api.ts';
import type { RequestOf, ResponseOf } from '../protocol/codec.ts';
import { brokerVersion } from '../version.ts';
import type { NodeParts } from './node-parts.ts';

/** From this node's own copy of the system group. Names that it does not know are left out. */
export function listMetadata(
  parts: NodeParts,
  { topics }: RequestOf<'metadata'>,
): ResponseOf<'metadata'> {
  const { machine } = parts.system;
  const found =
    topics.length === 0
      ? [...machine.topics()]
      : topics.flatMap((name) => machine.topicNamed(name) ?? []);
  return {
    nodes: parts.nodes.map((node) => ({ id: node.id, address: node.clientAddress })),
    coordinator: parts.system.leader,
    topics: found.map((topic) => describeTopic(parts, topic)),
  };
}

function describeTopic(parts: NodeParts, topic: Topic): TopicInfo {
  const partitions = topic.placement.map((replicas, partition): PartitionInfo => {
    const hosted = parts.replicas.partition(topic.topicId, partition);
    if (hosted !== undefined) {
      const { leader, term } = hosted.replica;
      return { partition, replicas, leader, term };
    }
    // Not a copy of ours: only where there is one replica is its leader certain.
    return { partition, replicas, leader: replicas.length === 1 ? replicas[0]! : 0, term: 0 };
  });
  return { topicId: topic.topicId, config: topic.config, partitions };
}

export function describeNode(parts: NodeParts): ResponseOf<'describe'> {
  return {
    nodeId: parts.nodeId,
    version: brokerVersion,
    groups: [parts.system.status(), ...parts.replicas.statuses()],
  };
}

/** The leader's answer covers everything acked before the request; a copy's is its own view. */
export async function listOffsets(
  parts: NodeParts,
  { topicId, partition, replica }: RequestOf<'listOffsets'>,
): Promise<ResponseOf<'listOffsets'>> {
  const hosted = parts.replicas.partition(topicId, partition);
  if (hosted === undefined) throw parts.replicas.whyMissing(topicId, partition);
  if (!replica) {
    if (!hosted.leading) {
      throw new BrokerError('not-leader', 'this node does not lead the partition', { detail: 1 });
    }
    await hosted.replica.readIndex();
  }
  const { log } = hosted.replica;
  return {
    logStartOffset: log.startOffset,
    highWatermark: hosted.highWatermark,
    logEndOffset: log.nextOffset,
  };
}
