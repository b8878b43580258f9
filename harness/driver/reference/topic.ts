import { Admin, type ClusterClient } from '../../../broker/index.ts';
import type { TopicOptions } from '../driver.ts';

/** Keeps everything: a run that lost records to retention could not be judged. */
export async function createReferenceTopic(
  cluster: ClusterClient,
  name: string,
  options: TopicOptions,
): Promise<void> {
  const { partitions, replicas, flush, replication, flushIntervalMs, segmentBytes } = options;
  await new Admin(cluster).createTopic({
    name,
    partitions,
    replicas,
    flush,
    replication,
    flushIntervalMs,
    segmentBytes,
    retentionBytes: 0,
    retentionMs: 0,
  });
}

export async function describeReferenceTopic(
  cluster: ClusterClient,
  name: string,
): Promise<{ readonly version: string; readonly config: Record<string, unknown> }> {
  const admin = new Admin(cluster);
  const { config } = await admin.describeTopic(name);
  const version = await cluster.retry(5000, async () => {
    await cluster.refresh();
    const { coordinator } = cluster.metadata;
    return (await admin.describeNode(coordinator)).version;
  });
  return { version, config: { ...config } };
}
