import { afterEach, describe, expect, test } from 'vitest';
import { realEnv } from '../env/real/env.ts';
import type { RequestOf } from '../protocol/codec.ts';
import { brokerVersion } from '../version.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { startNode } from './server.ts';
import { batchOf, TestCluster, testToken, topicConfig, valuesOf } from './testing/test-cluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.close());

function fetchOf(topicId: number, more: Partial<RequestOf<'fetch'>> = {}): RequestOf<'fetch'> {
  return {
    topicId,
    partition: 0,
    offset: 0,
    lastTerm: 0,
    bytesMax: 1_000_000,
    waitMs: 0,
    replica: false,
    ...more,
  };
}

describe('one node', () => {
  test('keeps what it acked and gives it back in order', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const first = await client.request('produce', {
      topicId,
      partition: 0,
      batch: batchOf(['a', 'b']),
    });
    const second = await client.request('produce', {
      topicId,
      partition: 0,
      batch: batchOf(['c']),
    });
    expect([first.baseOffset, second.baseOffset]).toEqual([0, 2]);
    const fetched = await client.request('fetch', fetchOf(topicId));
    expect(valuesOf(fetched.batches)).toEqual(['a', 'b', 'c']);
    expect(fetched.highWatermark).toBe(3);
    const later = await client.request('fetch', fetchOf(topicId, { offset: 1 }));
    expect(valuesOf(later.batches, 1)).toEqual(['b', 'c']);
  });

  test('describes its topics and itself', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic({ partitions: 2 });
    const client = await cluster.connect(1);
    const metadata = await client.request('metadata', { topics: ['orders', 'nothing'] });
    expect(metadata.coordinator).toBe(1);
    expect(metadata.nodes).toEqual([{ id: 1, address: cluster.address(1) }]);
    expect(metadata.topics.map((topic) => topic.partitions.map((p) => p.leader))).toEqual([[1, 1]]);
    const described = await client.request('describe', {});
    expect(described.groups.map((group) => group.groupId)).toEqual([
      0,
      topicId * 65_536 + 1,
      topicId * 65_536 + 2,
    ]);
  });

  test('answers pipelined requests of one connection in order', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const order: number[] = [];
    const sent = Array.from({ length: 300 }, async (_, at) => {
      const batch = batchOf([`value ${at}`]);
      const { baseOffset } = await client.request('produce', { topicId, partition: 0, batch });
      order.push(baseOffset);
    });
    await Promise.all(sent);
    expect(order).toEqual(Array.from({ length: 300 }, (_, at) => at));
  });

  test('lets a fetch wait until there is a record, and no longer than it asked', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const empty = await client.request('fetch', fetchOf(topicId, { waitMs: 50 }));
    expect(empty.batches.length).toBe(0);
    const waiting = Array.from({ length: 20 }, () => {
      return client.request('fetch', fetchOf(topicId, { waitMs: 20_000 }));
    });
    await client.request('produce', { topicId, partition: 0, batch: batchOf(['late']) });
    for (const fetched of await Promise.all(waiting)) {
      expect(valuesOf(fetched.batches)).toEqual(['late']);
    }
  });

  test('refuses an offset that the log does not have', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    expect(await client.codeOf('fetch', fetchOf(topicId, { offset: 7 }))).toBe(
      'offset-out-of-range',
    );
  });

  test('recognises a batch that is sent again, before and after it was acked', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const { producerId, epoch } = await client.request('initProducer', { producerId: 0 });
    const send = (baseSequence: number, value: string) =>
      client.request('produce', {
        topicId,
        partition: 0,
        batch: batchOf([value], { producerId, epoch, baseSequence }),
      });
    const [first, copy, second] = await Promise.all([send(0, 'a'), send(0, 'a'), send(1, 'b')]);
    expect([first.baseOffset, copy.baseOffset, second.baseOffset]).toEqual([0, 0, 1]);
    expect((await send(1, 'b')).baseOffset).toBe(1);
    await expect(send(7, 'gap')).rejects.toMatchObject({ code: 'sequence-gap', detail: 1 });
    const fetched = await client.request('fetch', fetchOf(topicId));
    expect(valuesOf(fetched.batches)).toEqual(['a', 'b']);
    const raised = await client.request('initProducer', { producerId });
    expect(raised).toEqual({ producerId, epoch: epoch + 1 });
  });

  test('refuses a batch that is not what its sender sealed', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const batch = batchOf(['flipped']);
    batch[batch.length - 1]! ^= 1;
    expect(await client.codeOf('produce', { topicId, partition: 0, batch })).toBe('corrupt-batch');
    const cut = batchOf(['cut']).subarray(0, 70);
    expect(await client.codeOf('produce', { topicId, partition: 0, batch: cut })).toBe(
      'invalid-request',
    );
  });

  test('keeps cursors and fences the generation before', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const cursor = { topicId, partition: 0, group: 'billing' };
    expect(await client.request('openCursor', { ...cursor, generation: 1 })).toEqual({
      offset: -1,
    });
    await client.request('commitCursor', { ...cursor, generation: 1, offset: 5 });
    expect(await client.request('openCursor', { ...cursor, generation: 2 })).toEqual({ offset: 5 });
    const zombie = { ...cursor, generation: 1, offset: 9 };
    expect(await client.codeOf('commitCursor', zombie)).toBe('fenced');
  });

  test('coordinates a group', async () => {
    cluster = await TestCluster.start(1);
    await cluster.createTopic({ partitions: 2 });
    const client = await cluster.connect(1);
    const join = { group: 'g', memberId: '', topic: 'orders', sessionTimeoutMs: 1000 };
    const joined = await client.request('joinGroup', join);
    expect(joined.partitions).toEqual([0, 1]);
    const { memberId, generation } = joined;
    await client.request('heartbeatGroup', { group: 'g', memberId, generation });
    await client.request('leaveGroup', { group: 'g', memberId });
  });

  test('creates topics for holders of the token only', async () => {
    cluster = await TestCluster.start(1);
    await cluster.createTopic();
    const stranger = await cluster.connect(1);
    const config = topicConfig({ name: 'mine' });
    expect(await stranger.codeOf('createTopic', { config })).toBe('unauthorized');
    const hello = { protocolVersion: 1, clientName: 'x', token: `${testToken}!` };
    expect(await stranger.codeOf('hello', hello)).toBe('unauthorized');
    expect(await stranger.codeOf('createTopic', { config })).toBe('unauthorized');
    const owner = await cluster.connect(1, testToken);
    expect(await owner.codeOf('createTopic', { config: topicConfig() })).toBe('topic-exists');
    expect(await owner.codeOf('createTopic', { config })).toBe('ok');
  });

  test('says what it does not know', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    expect(await client.codeOf('fetch', fetchOf(topicId + 1))).toBe('unknown-topic');
    const batch = batchOf(['x']);
    expect(await client.codeOf('produce', { topicId, partition: 1, batch })).toBe('unknown-topic');
    expect(await client.codeOf('produce', { topicId: 0, partition: 65_536, batch })).toBe(
      'unknown-topic',
    );
  });

  test('answers the end of the log with everything that was acked', async () => {
    cluster = await TestCluster.start(1);
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    await client.request('produce', { topicId, partition: 0, batch: batchOf(['a', 'b']) });
    const offsets = { topicId, partition: 0, replica: false };
    expect(await client.request('listOffsets', offsets)).toEqual({
      logStartOffset: 0,
      highWatermark: 2,
      logEndOffset: 2,
    });
  });

  test('says in one sentence that its address is taken', async () => {
    cluster = await TestCluster.start(1);
    const second = { ...cluster.options(1), dataDirectory: cluster.dataDirectory(2) };
    await expect(
      startNode({ ...second, env: realEnv(second.dataDirectory) }),
    ).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^node 1 did not start: Could not listen on .*EADDRINUSE/),
    });
  });

  test('answers the version of its package', async () => {
    cluster = await TestCluster.start(1);
    const client = await cluster.connect(1);
    expect((await client.request('describe', {})).version).toBe(packageJson.version);
    expect(brokerVersion).toBe(packageJson.version);
  });
});
