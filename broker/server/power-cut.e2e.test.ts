import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cutPower } from '../env/emulated/cut-power.ts';
import type { Random } from '../env/random.ts';
import type { TopicConfig } from '../protocol/api.ts';
import { NodeProcess } from './testing/node-process.ts';
import { RawClient } from './testing/raw-client.ts';
import { batchOf, eventually, testToken, topicConfig, valuesOf } from './testing/test-cluster.ts';

/** Draws the worst: nothing that was not synced survives. */
const sparesNothing: Random = { below: (bound) => bound - 1, unit: () => 1 - Number.EPSILON };
const values = Array.from({ length: 60 }, (_, at) => `value ${at} ${'x'.repeat(500)}`);

let directory: string;
let root: string;
let node: NodeProcess;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-power-'));
  root = join(directory, 'node');
  node = nodeWith('emulated');
});

afterEach(async () => {
  await node.kill();
  rmSync(directory, { recursive: true, force: true });
});

function nodeWith(storage: string): NodeProcess {
  return new NodeProcess({
    nodeId: 1,
    nodes: [{ id: 1, clientAddress: '127.0.0.1:0' }],
    dataDirectory: root,
    token: testToken,
    electionTimeoutMs: 200,
    logFile: join(directory, 'node.log'),
    storage: storage as 'emulated',
  });
}

/** All of `values` acked, then the process is killed. */
async function fill(config: Partial<TopicConfig>): Promise<number> {
  await node.start();
  const client = await RawClient.connect(node.clientAddress, testToken);
  const topic = { config: topicConfig({ segmentBytes: 16_384, ...config }) };
  const { topicId } = await eventually(() => client.request('createTopic', topic));
  for (const value of values) {
    const batch = batchOf([value]);
    await eventually(() => client.request('produce', { topicId, partition: 0, batch }));
  }
  client.close();
  await node.kill();
  return topicId;
}

async function readAll(topicId: number): Promise<string[]> {
  await node.start();
  const client = await RawClient.connect(node.clientAddress);
  const request = { topicId, partition: 0, lastTerm: 0, bytesMax: 10_000, waitMs: 0 };
  const found: string[] = [];
  try {
    for (;;) {
      const fetch = { ...request, offset: found.length, replica: false };
      const { batches, highWatermark } = await eventually(() => client.request('fetch', fetch));
      found.push(...valuesOf(batches, found.length));
      if (found.length >= highWatermark && highWatermark > 0) return found;
    }
  } finally {
    client.close();
  }
}

describe('a node on an emulated disk', () => {
  test('has all that it acked after a power cut when it flushes with sync', async () => {
    const topicId = await fill({ flush: 'sync' });
    await cutPower({ root, random: sparesNothing });
    expect(await readAll(topicId)).toEqual(values);
  });

  test('has lost a tail after a power cut when it leaves flushing to the system', async () => {
    const topicId = await fill({ flush: 'os' });
    const { bytesDropped } = await cutPower({ root, random: sparesNothing });
    expect(bytesDropped).toBeGreaterThan(500);
    const found = await readAll(topicId);
    expect(found.length).toBeLessThan(values.length);
    expect(found).toEqual(values.slice(0, found.length));
  });

  test('has all that it acked when it was only killed, however it flushes', async () => {
    expect(await readAll(await fill({ flush: 'os' }))).toEqual(values);
  });

  test('refuses a kind of storage that there is not, and a directory of the other kind', async () => {
    node = nodeWith('paper');
    expect(await node.runToEnd()).toBe(1);
    expect(node.errors).toMatch(/^invalid-request: .*storage must be "plain" or "emulated"\n$/);
    mkdirSync(root);
    writeFileSync(join(root, 'format.json'), '{}');
    node = nodeWith('emulated');
    expect(await node.runToEnd()).toBe(1);
    expect(node.errors).toMatch(
      /^invalid-request: .* holds plain storage; give an empty directory/,
    );
    expect(existsSync(join(root, 'live'))).toBe(false);
  });
});
