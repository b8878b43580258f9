import { afterEach, describe, expect, test } from 'vitest';
import { BrokerError } from '../errors.ts';
import type { RawClient } from './testing/raw-client.ts';
import { batchOf, eventually, TestCluster, topicConfig, valuesOf } from './testing/test-cluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.close());

interface Producer {
  readonly producerId: number;
  readonly epoch: number;
}

/** Sends one batch until it is acked, wherever its leader is, always as the same batch. */
async function sendUntilAcked(topicId: number, producer: Producer, at: number): Promise<number> {
  return await eventually(async () => {
    const leader = await cluster.leaderOf(topicId, 0);
    const client = await connect(leader);
    const batch = batchOf([`value ${at}`], { ...producer, baseSequence: at });
    const { baseOffset } = await client.request('produce', { topicId, partition: 0, batch });
    return baseOffset;
  });
}

const clients = new Map<number, RawClient>();
async function connect(nodeId: number): Promise<RawClient> {
  const known = clients.get(nodeId);
  if (known !== undefined && !known.closed) return known;
  try {
    const client = await cluster.connect(nodeId);
    clients.set(nodeId, client);
    return client;
  } catch (cause) {
    throw new BrokerError('connection-lost', 'no connection', { cause });
  }
}
afterEach(() => clients.clear());

async function initProducer(): Promise<Producer> {
  return await eventually(async () => {
    const client = await connect(cluster.running[0]!.nodeId);
    const { coordinator } = await client.request('metadata', { topics: [] });
    if (coordinator === 0) throw new BrokerError('unavailable', 'no coordinator yet');
    return await (await connect(coordinator)).request('initProducer', { producerId: 0 });
  });
}

/** All values of the committed prefix of this node's own copy, once it has `count` of them. */
async function copyOf(nodeId: number, topicId: number, count: number): Promise<string[]> {
  return await eventually(async () => {
    const client = await connect(nodeId);
    const values: string[] = [];
    for (;;) {
      const { batches, highWatermark } = await client.request('fetch', {
        topicId,
        partition: 0,
        offset: values.length,
        lastTerm: 0,
        bytesMax: 1_000_000,
        waitMs: 0,
        replica: true,
      });
      values.push(...valuesOf(batches, values.length));
      if (values.length >= count) return values;
      if (values.length >= highWatermark) throw new BrokerError('unavailable', 'not all there yet');
    }
  });
}

describe('three nodes', () => {
  test('lose nothing that was acked when the leader goes, and nothing is there twice', async () => {
    cluster = await TestCluster.start(3);
    const topicId = await cluster.createTopic({ replicas: 3 });
    const producer = await initProducer();
    const total = 60;
    for (let at = 0; at < total; at++) {
      if (at === 20) await cluster.stopNode(await cluster.leaderOf(topicId, 0));
      expect(await sendUntilAcked(topicId, producer, at)).toBe(at);
    }
    const expected = Array.from({ length: total }, (_, at) => `value ${at}`);
    for (const node of cluster.running) {
      expect(await copyOf(node.nodeId, topicId, total)).toEqual(expected);
    }
    // The copy of a batch that an earlier leader acked is still known as a copy.
    expect(await sendUntilAcked(topicId, producer, total - 3)).toBe(total - 3);
  });

  test('answer with the same offset when a batch is sent again to the next leader', async () => {
    cluster = await TestCluster.start(3);
    const topicId = await cluster.createTopic({ replicas: 3 });
    const producer = await initProducer();
    expect(await sendUntilAcked(topicId, producer, 0)).toBe(0);
    expect(await sendUntilAcked(topicId, producer, 1)).toBe(1);
    const first = await cluster.leaderOf(topicId, 0);
    await cluster.stopNode(first);
    expect(await sendUntilAcked(topicId, producer, 1)).toBe(1);
    expect(await sendUntilAcked(topicId, producer, 2)).toBe(2);
  });

  test('serve reads from every copy', async () => {
    cluster = await TestCluster.start(3);
    const topicId = await cluster.createTopic({ replicas: 3 });
    const producer = await initProducer();
    for (let at = 0; at < 10; at++) await sendUntilAcked(topicId, producer, at);
    const copies = await Promise.all([1, 2, 3].map((id) => copyOf(id, topicId, 10)));
    expect(copies[1]).toEqual(copies[0]);
    expect(copies[2]).toEqual(copies[0]);
  });

  test('tell a client which node leads, and refuse to append anywhere else', async () => {
    cluster = await TestCluster.start(3);
    const topicId = await cluster.createTopic({ replicas: 3, replication: 'async' });
    const leader = await cluster.leaderOf(topicId, 0);
    const other = leader === 1 ? 2 : 1;
    const client = await connect(other);
    const request = { topicId, partition: 0, batch: batchOf(['x']) };
    await eventually(async () => {
      const metadata = await client.request('metadata', { topics: ['orders'] });
      if (metadata.topics[0]?.partitions[0]?.leader !== leader) {
        throw new BrokerError('unavailable', 'not known yet');
      }
    });
    await expect(client.request('produce', request)).rejects.toMatchObject({
      code: 'not-leader',
      detail: 1,
    });
  });

  test('bring a node that was away up to date', async () => {
    cluster = await TestCluster.start(3);
    const topicId = await cluster.createTopic({ replicas: 3 });
    const producer = await initProducer();
    const leader = await cluster.leaderOf(topicId, 0);
    const away = leader === 3 ? 2 : 3;
    for (let at = 0; at < 5; at++) await sendUntilAcked(topicId, producer, at);
    await cluster.stopNode(away);
    for (let at = 5; at < 25; at++) await sendUntilAcked(topicId, producer, at);
    await cluster.startNode(away);
    clients.delete(away);
    const expected = Array.from({ length: 25 }, (_, at) => `value ${at}`);
    expect(await copyOf(away, topicId, 25)).toEqual(expected);
  });

  test('create a topic whose partitions are led by different nodes', async () => {
    cluster = await TestCluster.start(3);
    const config = { ...topicConfig({ partitions: 3, replicas: 3 }) };
    const topicId = await cluster.createTopic(config);
    const leaders = await Promise.all([0, 1, 2].map((at) => cluster.leaderOf(topicId, at)));
    expect(new Set(leaders).size).toBeGreaterThan(1);
  });
});
