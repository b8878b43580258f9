import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeProcess } from './testing/node-process.ts';
import { RawClient } from './testing/raw-client.ts';
import { batchOf, eventually, testToken, topicConfig } from './testing/test-cluster.ts';
import { valuesOf } from './testing/test-cluster.ts';

const batches = 40;
const values = Array.from({ length: batches }, (_, at) => `value ${at} ${'x'.repeat(500)}`);
const topicId = 1;
const group = `group-${topicId * 65_536 + 1}`;

let directory: string;
let data: string;
let node: NodeProcess;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-data-'));
  data = join(directory, 'node');
  node = nodeOf({});
  await fill();
});

afterEach(async () => {
  await node.kill();
  rmSync(directory, { recursive: true, force: true });
});

function nodeOf(options: { nodeId?: number; clusterName?: string }): NodeProcess {
  const nodeId = options.nodeId ?? 1;
  return new NodeProcess({
    nodeId,
    nodes: [{ id: nodeId, clientAddress: '127.0.0.1:0' }],
    dataDirectory: data,
    token: testToken,
    electionTimeoutMs: 200,
    logFile: join(directory, 'node.log'),
    ...(options.clusterName === undefined ? {} : { clusterName: options.clusterName }),
  });
}

/** Some segments of acked records; then the process is killed. */
async function fill(): Promise<void> {
  const { client: address } = await node.start();
  const client = await RawClient.connect(address, testToken);
  const config = topicConfig({ segmentBytes: 4096 });
  const created = await eventually(() => client.request('createTopic', { config }));
  expect(created.topicId).toBe(topicId);
  for (let more = 0; more < 4; more++) await client.request('initProducer', { producerId: 0 });
  for (const value of values) {
    const batch = batchOf([value]);
    await eventually(() => client.request('produce', { topicId, partition: 0, batch }));
  }
  client.close();
  await node.kill();
}

function segmentsOf(name: string): string[] {
  const names = readdirSync(join(data, name)).filter((file) => file.endsWith('.log'));
  return names.sort().map((file) => join(data, name, file));
}

function flipBit(path: string, position: number): void {
  const bytes = readFileSync(path);
  bytes[position]! ^= 0x10;
  writeFileSync(path, bytes);
}

async function readAll(): Promise<string[]> {
  const client = await RawClient.connect(node.clientAddress);
  const found: string[] = [];
  const request = { topicId, partition: 0, lastTerm: 0, bytesMax: 10_000, waitMs: 0 };
  try {
    while (found.length < batches) {
      const fetch = { ...request, offset: found.length, replica: false };
      const fetched = await eventually(() => client.request('fetch', fetch));
      found.push(...valuesOf(fetched.batches, found.length));
    }
  } finally {
    client.close();
  }
  return found;
}

/** Ends by itself with exit code 1 and exactly one sentence on standard error. */
async function expectRefusal(says: RegExp): Promise<void> {
  expect(await node.runToEnd()).toBe(1);
  expect(node.errors).toMatch(says);
  expect(node.errors.trimEnd().split('\n').length).toBe(1);
}

describe('a node that finds its data directory', () => {
  test('untouched goes on where it was killed', async () => {
    await node.start();
    expect(await readAll()).toEqual(values);
  });

  test('in use by another process leaves it alone, and has it once that one was killed', async () => {
    const first = node;
    await first.start();
    node = nodeOf({});
    await expectRefusal(/^unavailable: the data directory .* is in use by another process: stop /);
    await first.kill();
    await node.start();
    expect(await readAll()).toEqual(values);
  });

  test('with a torn tail drops the tail and keeps all that was acked', async () => {
    const last = segmentsOf(group).at(-1)!;
    appendFileSync(last, batchOf(['never acked']).subarray(0, 50));
    await node.start();
    expect(await readAll()).toEqual(values);
  });

  test('with a flipped bit never serves the records behind it', async () => {
    const second = segmentsOf(group)[1]!;
    flipBit(second, Math.floor(readFileSync(second).length / 2));
    await node.start();
    await expect(readAll()).rejects.toMatchObject({ code: 'corrupt-log' });
  });

  test('with a segment missing refuses to serve it, and goes on when it was put back', async () => {
    const second = segmentsOf(group)[1]!;
    renameSync(second, join(directory, 'elsewhere'));
    await expectRefusal(/^corrupt-log: partition orders\/0 cannot be opened: .*is missing/);
    renameSync(join(directory, 'elsewhere'), second);
    await node.start();
    expect(await readAll()).toEqual(values);
  });

  test('with a damaged log of the system group does not start', async () => {
    const [first] = segmentsOf('group-0');
    flipBit(first!, Math.floor(readFileSync(first!).length / 2));
    await expectRefusal(/^corrupt-log: /);
  });

  test('of a foreign format refuses it', async () => {
    rmSync(join(data, 'format.json'));
    await expectRefusal(
      /^corrupt-log: the data directory is refused: it holds group-0 but no format.json/,
    );
    writeFileSync(join(data, 'format.json'), '{"format":"something else"}');
    await expectRefusal(/format.json does not name ackworth-broker/);
    writeFileSync(join(data, 'format.json'), 'no json');
    await expectRefusal(/format.json is not readable as JSON/);
  });

  test('of a newer version refuses it', async () => {
    const path = join(data, 'format.json');
    const claim = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...claim, version: 99 }));
    await expectRefusal(/format version 99 is newer than 1/);
  });

  test('of another node or another cluster refuses it', async () => {
    node = nodeOf({ nodeId: 2 });
    await expectRefusal(/it belongs to node 1, not node 2/);
    node = nodeOf({ clusterName: 'other' });
    await expectRefusal(/it belongs to cluster ackworth, not other/);
  });
});
