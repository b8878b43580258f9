import { assert } from '../assert.ts';
import { BrokerError } from '../errors.ts';
import { checkTopicConfig, placeReplicas } from '../group/placement.ts';
import type { RequestOf, ResponseOf } from '../protocol/codec.ts';
import type { NodeParts } from './node-parts.ts';

/** Coordinator only, and only with the token. Answers once the topic is in the replicated state. */
export async function createTopic(
  parts: NodeParts,
  authorized: boolean,
  { config }: RequestOf<'createTopic'>,
): Promise<ResponseOf<'createTopic'>> {
  if (!authorized) {
    throw new BrokerError('unauthorized', 'creating a topic needs the token of the cluster');
  }
  checkTopicConfig(config, parts.nodes.length);
  const { machine } = parts.system;
  if (machine.topicNamed(config.name) !== undefined) throw topicExists(config.name);
  const placement = placeReplicas({
    nodes: parts.nodes.map((node) => node.id),
    partitions: config.partitions,
    replicas: config.replicas,
    startAt: machine.nextTopicId,
  });
  const result = await parts.system.propose({ type: 'create-topic', config, placement });
  assert(result.type === 'topic', 'a topic was asked for');
  if (!result.created) throw topicExists(config.name);
  return { topicId: result.topicId };
}

/** Coordinator only. */
export async function initProducer(
  parts: NodeParts,
  { producerId }: RequestOf<'initProducer'>,
): Promise<ResponseOf<'initProducer'>> {
  const result = await parts.system.propose({ type: 'init-producer', producerId });
  assert(result.type === 'producer', 'a producer was asked for');
  return { producerId: result.producerId, epoch: result.epoch };
}

function topicExists(name: string): BrokerError {
  return new BrokerError('topic-exists', `topic "${name}" exists already`);
}
