import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrokerError } from '../errors.ts';
import { NodeProcess } from './testing/node-process.ts';
import { RawClient } from './testing/raw-client.ts';
import { batchOf, eventually, freePorts, testToken, topicConfig } from './testing/test-cluster.ts';
import { valuesOf } from './testing/test-cluster.ts';

let directory: string;
let nodes: NodeProcess[];
let clients: Map<number, RawClient>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-kill-'));
  clients = new Map();
  const ports = await freePorts(3);
  const addresses = ports.map((port, at) => ({ id: at + 1, clientAddress: `127.0.0.1:${port}` }));
  nodes = addresses.map(
    ({ id }) =>
      new NodeProcess({
        nodeId: id,
        nodes: addresses,
        dataDirectory: join(directory, `node-${id}`),
        token: testToken,
        electionTimeoutMs: 500,
        logFile: join(directory, `node-${id}.log`),
      }),
  );
  await Promise.all(nodes.map((node) => node.start()));
});

afterEach(async () => {
  for (const client of clients.values()) client.close();
  await Promise.all(nodes.map((node) => node.kill()));
  rmSync(directory, { recursive: true, force: true });
});

async function connect(nodeId: number): Promise<RawClient> {
  const known = clients.get(nodeId);
  if (known !== undefined && !known.closed) return known;
  try {
    const client = await RawClient.connect(nodes[nodeId - 1]!.clientAddress, testToken);
    clients.set(nodeId, client);
    return client;
  } catch (cause) {
    throw new BrokerError('connection-lost', `no connection to node ${nodeId}`, { cause });
  }
}

/** Asks whoever answers. */
async function anyone(): Promise<RawClient> {
  for (const node of nodes) if (node.running) return await connect(node.nodeId);
  throw new BrokerError('unavailable', 'no node runs');
}

async function coordinator(): Promise<RawClient> {
  const { coordinator: id } = await (await anyone()).request('metadata', { topics: [] });
  if (id === 0) throw new BrokerError('unavailable', 'no coordinator yet');
  return await connect(id);
}

async function leaderOf(topic: string): Promise<number> {
  for (const node of nodes) {
    if (!node.running) continue;
    const metadata = await (await connect(node.nodeId)).request('metadata', { topics: [topic] });
    const leader = metadata.topics[0]?.partitions[0]?.leader ?? 0;
    if (leader !== 0 && nodes[leader - 1]!.running) return leader;
  }
  throw new BrokerError('unavailable', 'no leader yet');
}

async function readAll(nodeId: number, topicId: number, count: number): Promise<string[]> {
  const values: string[] = [];
  const client = await connect(nodeId);
  const request = { topicId, partition: 0, lastTerm: 0, bytesMax: 1 << 20, waitMs: 100 };
  while (values.length < count) {
    const fetched = await client.request('fetch', {
      ...request,
      offset: values.length,
      replica: true,
    });
    if (fetched.batches.length === 0) throw new BrokerError('unavailable', 'not all there yet');
    values.push(...valuesOf(fetched.batches, values.length));
  }
  return values;
}

describe('three node processes', () => {
  test('lose no acked batch and double none when leaders are killed and come back', async () => {
    const topicId = await eventually(async () => {
      const config = topicConfig({ replicas: 3 });
      return (await (await coordinator()).request('createTopic', { config })).topicId;
    });
    const producer = await eventually(async () => {
      return await (await coordinator()).request('initProducer', { producerId: 0 });
    });
    const total = 300;
    let down: NodeProcess | undefined;
    for (let at = 0; at < total; at++) {
      if (at % 100 === 50) {
        await down?.start();
        down = nodes[(await eventually(() => leaderOf('orders'))) - 1]!;
        await down.kill();
      }
      const batch = batchOf([`value ${at}`], { ...producer, baseSequence: at });
      const { baseOffset } = await eventually(async () => {
        const client = await connect(await leaderOf('orders'));
        return await client.request('produce', { topicId, partition: 0, batch });
      });
      expect(baseOffset).toBe(at);
    }
    await down?.start();
    const expected = Array.from({ length: total }, (_, at) => `value ${at}`);
    for (const node of nodes) {
      const values = await eventually(() => readAll(node.nodeId, topicId, total));
      expect(values).toEqual(expected);
    }
  });

  test('stop cleanly when they are asked to, and leave with their parent', async () => {
    expect(await nodes[0]!.stop()).toBe(0);
    expect(await nodes[1]!.closeInput()).toBe(0);
  });
});
