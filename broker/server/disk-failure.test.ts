import { afterEach, describe, expect, test } from 'vitest';
import { realEnv } from '../env/real/env.ts';
import { FailingDisk } from './testing/failing-disk.ts';
import type { RawClient } from './testing/raw-client.ts';
import { batchOf, TestCluster, valuesOf } from './testing/test-cluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.close());

async function start(): Promise<{ disk: FailingDisk; client: RawClient; topicId: number }> {
  const disk = new FailingDisk();
  cluster = await TestCluster.start(1, {}, (directory) => disk.around(realEnv(directory)));
  const topicId = await cluster.createTopic();
  return { disk, client: await cluster.connect(1), topicId };
}

function soon(): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve('no answer yet'), 20);
  });
}

async function values(client: RawClient, topicId: number): Promise<string[]> {
  const request = { offset: 0, lastTerm: 0, bytesMax: 100_000, waitMs: 0, replica: false };
  return valuesOf((await client.request('fetch', { topicId, partition: 0, ...request })).batches);
}

describe('a node whose disk', () => {
  test('is full refuses writes, goes on serving reads, and recovers', async () => {
    const { disk, client, topicId } = await start();
    const send = (value: string): Promise<string> =>
      client.codeOf('produce', { topicId, partition: 0, batch: batchOf([value]) });
    expect(await send('before')).toBe('ok');
    disk.full = true;
    const waiting = send('waits for space');
    // What was appended before the disk said no has no answer yet.
    await expect.poll(() => Promise.race([send('late'), soon()])).toBe('disk-full');
    expect(await values(client, topicId)).toEqual(['before']);
    disk.full = false;
    expect(await waiting).toBe('ok');
    await expect.poll(() => send('after')).toBe('ok');
    const found = await values(client, topicId);
    expect(found.filter((value) => value !== 'late')).toEqual([
      'before',
      'waits for space',
      'after',
    ]);
  });

  test('fails a sync acks nothing that waited for it, and stops the replica', async () => {
    const { disk, client, topicId } = await start();
    const batch = batchOf(['one']);
    const send = (): Promise<string> => client.codeOf('produce', { topicId, partition: 0, batch });
    expect(await send()).toBe('ok');
    disk.failsSyncs = true;
    expect(await send()).toBe('disk-failed');
    disk.failsSyncs = false;
    expect(await send()).toBe('disk-failed');
    await expect(values(client, topicId)).rejects.toMatchObject({ code: 'disk-failed' });
    expect(await client.codeOf('describe', {})).toBe('ok');
  });
});

/** Three nodes, each with a disk of its own to hurt, and a topic with a replica on each. */
async function startThree(): Promise<{ disks: readonly FailingDisk[]; topicId: number }> {
  const disks = [1, 2, 3].map(() => new FailingDisk());
  cluster = await TestCluster.start(3, {}, (directory) => {
    return disks[Number(directory.at(-1)) - 1]!.around(realEnv(directory));
  });
  return { disks, topicId: await cluster.createTopic({ replicas: 3 }) };
}

async function sendAnywhere(topicId: number, value: string): Promise<number> {
  for (;;) {
    for (const node of [1, 2, 3]) {
      const client = await cluster.connect(node);
      const batch = batchOf([value]);
      const code = await client.codeOf('produce', { topicId, partition: 0, batch });
      if (code === 'ok') return node;
    }
  }
}

describe('of three nodes one whose disk', () => {
  test('is full lets another lead, and follows again once there is space', async () => {
    const { disks, topicId } = await startThree();
    const first = await sendAnywhere(topicId, 'before');
    disks[first - 1]!.full = true;
    const client = await cluster.connect(first);
    const acked = ['before'];
    // It finds out by a write that is not refused, and that the others have in its stead.
    for (let leader = first; leader === first;) {
      const value = `value ${acked.length}`;
      leader = await sendAnywhere(topicId, value);
      acked.push(value);
    }
    disks[first - 1]!.full = false;
    await expect
      .poll(
        async () => {
          const request = { offset: 0, lastTerm: 0, bytesMax: 100_000, waitMs: 0, replica: true };
          const { batches } = await client.request('fetch', { topicId, partition: 0, ...request });
          return valuesOf(batches).filter((value) => acked.includes(value));
        },
        { timeout: 10_000 },
      )
      .toEqual(acked);
  });

  test('fails a sync stops its replica only, and the others go on', async () => {
    const { disks, topicId } = await startThree();
    const first = await sendAnywhere(topicId, 'before');
    disks[first - 1]!.failsSyncs = true;
    const second = await sendAnywhere(topicId, 'after');
    expect(second).not.toBe(first);
    const client = await cluster.connect(first);
    expect(await client.codeOf('describe', {})).toBe('ok');
    const batch = batchOf(['refused']);
    const answer = client.codeOf('produce', { topicId, partition: 0, batch });
    await expect(answer).resolves.toBe('disk-failed');
  });
});
