import { GroupConsumer, type ClusterClient, type ConsumedRecord } from '../../../broker/index.ts';
import { HarnessError } from '../../errors.ts';
import type { Consumer, ConsumerOptions } from '../driver.ts';

export async function createReferenceConsumer(
  cluster: ClusterClient,
  topic: string,
  options: ConsumerOptions,
): Promise<Consumer> {
  const { group, inFlightMax, sessionTimeoutMs, onDelivery } = options;
  const { onAssigned, onRevoked, onDiverged, onNote } = options;
  const consumer = await GroupConsumer.create(cluster, {
    topic,
    group,
    inFlightMax,
    sessionTimeoutMs,
    onRecord: ({ value, partition, offset }: ConsumedRecord) => {
      // The log keeps no count of deliveries; what is read again comes from before the cursor.
      onDelivery({ payload: value, partition, offset, redelivered: false });
    },
    onAssigned,
    onRevoked,
    onDiverged: (partition, offset) => onDiverged({ partition, offset }),
    onNote,
  });
  return {
    ack: (partition, offset) => consumer.ack(partition, offset),
    nack: () => {
      const sentence = 'a partition of a log has one reader per group and takes nothing back';
      throw new HarnessError('usage', sentence);
    },
    close: () => consumer.close(),
  };
}
