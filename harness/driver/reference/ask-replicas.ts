import { Admin, type ClusterClient } from '../../../broker/index.ts';
import { HarnessError } from '../../errors.ts';
import type { Replica, TopicReplicas } from './exposure.ts';

/** Below what a caller waits for an answer that has to come before a fault. */
const answerMsMax = 400;

/** What every node says of its copies of the topic, asked at once; who is silent is left out. */
export async function askReplicas(cluster: ClusterClient, topic: string): Promise<TopicReplicas> {
  const admin = new Admin(cluster);
  const { topicId, config, partitions } = await admin.describeTopic(topic);
  const nodes = new Set(partitions.flatMap(({ replicas }) => replicas));
  const found = new Map<number, Replica[]>(partitions.map(({ partition }) => [partition, []]));
  let heard = 0;
  const ask = async (node: number): Promise<void> => {
    const { groups } = await admin.describeNode(node);
    heard++;
    for (const { groupId, ...status } of groups) {
      if (Math.floor((groupId - 1) / 65_536) !== topicId) continue;
      found.get((groupId - 1) % 65_536)?.push({ node, ...status });
    }
  };
  const asked = Promise.allSettled([...nodes].map(ask));
  await Promise.race([asked, cluster.pause(answerMsMax)]);
  if (heard === 0) throw new HarnessError('cluster', `no node says what it holds of topic "${topic}"`);
  return {
    replication: config.replication,
    partitions: partitions.map(({ partition, replicas }) => ({
      placement: replicas,
      replicas: [...(found.get(partition) ?? [])],
    })),
  };
}
