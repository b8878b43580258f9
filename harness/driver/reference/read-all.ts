import { readTopic, type ClusterClient } from '../../../broker/index.ts';
import type { ReadRecord } from '../driver.ts';

const nothing = Buffer.alloc(0);

export function readWholeTopic(
  cluster: ClusterClient,
  topic: string,
  options: {
    readonly node?: number;
    readonly onRecord: (record: ReadRecord) => void;
    readonly patienceMs?: number;
  },
): Promise<{ readonly partitions: readonly { startOffset: number; endOffset: number }[] }> {
  const { node, onRecord, patienceMs } = options;
  return readTopic(cluster, {
    topic,
    ...(node === undefined ? {} : { node }),
    ...(patienceMs === undefined ? {} : { stuckMs: patienceMs }),
    onRecord: ({ value, partition, offset }) => onRecord({ payload: value, partition, offset }),
    onCorrupt: (partition, offset) => onRecord({ payload: nothing, partition, offset }),
  });
}
