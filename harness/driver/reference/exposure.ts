import { Admin, type ClusterClient } from '../../../broker/index.ts';

/**
 * Records that this node appended as a leader of the topic and that are not committed yet. With
 * asynchronous replication they are acked, or about to be, and no majority has them.
 */
export async function exposureOf(cluster: ClusterClient, topic: string, node: number): Promise<number> {
  const admin = new Admin(cluster);
  const { topicId } = await admin.describeTopic(topic);
  const { groups } = await admin.describeNode(node);
  return groups
    .filter(({ groupId, role }) => role === 'leader' && Math.floor(groupId / 65_536) === topicId)
    .reduce((sum, { logEndOffset, highWatermark }) => sum + logEndOffset - highWatermark, 0);
}
