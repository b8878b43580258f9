import { readTopic, type ClusterClient } from '../../../broker/index.ts';
import type { ReadRecord } from '../driver.ts';

export function readWholeTopic(
  cluster: ClusterClient,
  topic: string,
  options: { readonly node?: number; readonly onRecord: (record: ReadRecord) => void },
): Promise<{ readonly partitions: readonly { startOffset: number; endOffset: number }[] }> {
  const { node, onRecord } = options;
  return readTopic(cluster, {
    topic,
    ...(node === undefined ? {} : { node }),
    onRecord: ({ value, partition, offset }) => onRecord({ payload: value, partition, offset }),
  });
}
