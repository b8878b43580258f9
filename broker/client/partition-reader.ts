import type { Timer } from '../env/clock.ts';
import { BrokerError } from '../errors.ts';
import type { ClusterClient } from './cluster.ts';
import { asBrokerError } from './errors.ts';
import { PartitionFetcher } from './partition-fetcher.ts';
import type { ConsumedRecord } from './record-reader.ts';

export interface ReadTopicOptions {
  readonly topic: string;
  /** That node's own copy; without it the leaders'. */
  readonly node?: number;
  /** In order within each partition. Valid only during the call. */
  readonly onRecord: (record: ConsumedRecord) => void;
  /** What came from there on does not match its checksum; it is not handed out, and the read ends. */
  readonly onCorrupt?: (partition: number, offset: number) => void;
  /** Gives up after so long without a record. Default 10,000. */
  readonly stuckMs?: number;
}

export interface PartitionRange {
  readonly startOffset: number;
  readonly endOffset: number;
}

/** Of a partition that the node is no replica of. */
const noCopy: PartitionRange = { startOffset: -1, endOffset: -1 };

/** How often the end is asked for again while nothing comes. */
const checkMs = 200;

/**
 * Reads a topic from its start to the end known when each partition began: the leader's log end
 * (waiting until all of it is committed), or what the copy at `node` knows as committed; -1 for
 * start and end where that node is no replica. Rejects when it cannot get there, so that a partial read is never taken for a whole one.
 */
export async function readTopic(
  cluster: ClusterClient,
  options: ReadTopicOptions,
): Promise<{ readonly partitions: readonly PartitionRange[] }> {
  const topic = await cluster.topic(options.topic);
  const partitions: PartitionRange[] = [];
  for (let partition = 0; partition < topic.config.partitions; partition++) {
    const { topicId } = topic;
    const replicas = topic.partitions[partition]?.replicas ?? [];
    if (options.node !== undefined && !replicas.includes(options.node)) {
      partitions.push(noCopy);
      continue;
    }
    partitions.push(await readPartition(cluster, { ...options, topicId, partition }));
  }
  return { partitions };
}

interface ReadPartitionOptions extends ReadTopicOptions {
  readonly topicId: number;
  readonly partition: number;
}

async function readPartition(
  cluster: ClusterClient,
  options: ReadPartitionOptions,
): Promise<PartitionRange> {
  const { topicId, partition, node, onRecord, stuckMs = 10_000 } = options;
  const first = await ends(cluster, options);
  const startOffset = first.start;
  let endOffset = first.end;
  if (startOffset >= endOffset) return { startOffset, endOffset };
  await new Promise<void>((resolve, reject) => {
    let timer: Timer | undefined;
    let trouble = '';
    let movedMs = cluster.clock.monotonicMs();
    const finish = (error?: Error): void => {
      fetcher.stop();
      timer?.cancel();
      if (error === undefined) resolve();
      else reject(error);
    };
    const incomplete = (why: string): BrokerError => {
      const where = `partition ${partition}${node === undefined ? '' : ` of node ${node}`}`;
      const how = `${where} was read to ${fetcher.position} of ${endOffset}: ${why}`;
      return new BrokerError('unavailable', how);
    };
    const fetcher = new PartitionFetcher({
      cluster,
      topicId,
      partition,
      node,
      offset: startOffset,
      bytesMax: 1 << 20,
      waitMs: 200,
      onRecords: () => {
        try {
          while (fetcher.position < endOffset) {
            const record = fetcher.read();
            if (record === undefined) break;
            movedMs = cluster.clock.monotonicMs();
            onRecord(record);
          }
          if (fetcher.position >= endOffset) finish();
        } catch (error) {
          finish(error instanceof Error ? error : asBrokerError(error));
        }
      },
      onDiverged: (offset) => finish(incomplete(`the log was cut at ${offset} meanwhile`)),
      onSkipped: (offset) => finish(incomplete(`the log begins at ${offset} meanwhile`)),
      onTrouble: (error) => {
        trouble = `${error.code}: ${error.message}`;
        if (error.code === 'corrupt-batch') options.onCorrupt?.(partition, fetcher.position);
        if (!error.retriable) finish(error);
      },
    });
    const check = (): void => {
      if (cluster.closed) {
        finish(incomplete('the client was closed'));
        return;
      }
      if (cluster.clock.monotonicMs() - movedMs >= stuckMs) {
        finish(incomplete(trouble === '' ? `nothing came for ${stuckMs} ms` : trouble));
        return;
      }
      timer = cluster.clock.setTimer(checkMs, check);
      // A tail that was never committed may go with its leader: then there is less to wait for.
      ends(cluster, options).then(
        ({ end }) => {
          endOffset = Math.min(endOffset, end);
          if (fetcher.position >= endOffset) finish();
        },
        () => {},
      );
    };
    timer = cluster.clock.setTimer(checkMs, check);
    fetcher.start();
  });
  return { startOffset, endOffset };
}

async function ends(
  cluster: ClusterClient,
  options: ReadPartitionOptions,
): Promise<{ readonly start: number; readonly end: number }> {
  const { topicId, partition, node, stuckMs: timeoutMs = 10_000 } = options;
  if (node === undefined) {
    const request = { topicId, partition, replica: false };
    const answer = await cluster.callLeader('listOffsets', request, { timeoutMs });
    return { start: answer.logStartOffset, end: answer.logEndOffset };
  }
  const request = { topicId, partition, replica: true };
  const answer = await cluster.retry(timeoutMs, async (leftMs) => {
    const connection = await cluster.connect(node);
    return connection.call('listOffsets', request, Math.min(leftMs, cluster.requestTimeoutMs));
  });
  return { start: answer.logStartOffset, end: answer.highWatermark };
}
