/** The Raft group of everything that belongs to no partition. */
export const systemGroupId = 0;
const partitionsPerTopic = 65_536;

/** As in `GroupStatus.groupId`; undefined for a partition number that no topic can have. */
export function partitionGroupId(topicId: number, partition: number): number | undefined {
  if (partition >= partitionsPerTopic - 1) return undefined;
  return topicId * partitionsPerTopic + partition + 1;
}
