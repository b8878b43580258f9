import { afterEach, describe, expect, test } from 'vitest';
import type { Disk } from '../env/disk.ts';
import { Log } from '../log/log.ts';
import { batchOf, TestCluster, valuesOf } from './testing/test-cluster.ts';
import type { GatePart, Wraps } from './node-options.ts';

let cluster: TestCluster;
afterEach(() => cluster.close());

describe('a rig that puts its own parts around a node', () => {
  test('sees every log being opened and every message between nodes', async () => {
    const opened = new Set<string>();
    const groups = new Set<number>();
    const wrap: Wraps = {
      openLog: (options) => {
        opened.add(options.directory);
        return Log.open(options);
      },
      outgoingMessage: (groupId, message) => {
        groups.add(groupId);
        return message;
      },
    };
    cluster = await TestCluster.start(3, { wrap });
    const topicId = await cluster.createTopic({ replicas: 3 });
    const groupId = topicId * 65_536 + 1;
    expect([...opened].sort()).toEqual(['group-0', `group-${groupId}`]);
    expect([...groups].sort((left, right) => left - right)).toEqual([0, groupId]);
  });

  test('sees every file of the data directory being opened', async () => {
    const opened = new Set<string>();
    const watched = (disk: Disk): Disk => ({
      open: (path, options) => {
        opened.add(path.replace(/\/.*/, ''));
        return disk.open(path, options);
      },
      list: (directory) => disk.list(directory),
      makeDirectory: (directory) => disk.makeDirectory(directory),
      rename: (from, to) => disk.rename(from, to),
      remove: (path) => disk.remove(path),
      removeDirectory: (directory) => disk.removeDirectory(directory),
      syncDirectory: (directory) => disk.syncDirectory(directory),
    });
    cluster = await TestCluster.start(1, { wrap: { disk: watched } });
    const topicId = await cluster.createTopic();
    const groups = ['group-0', `group-${topicId * 65_536 + 1}`];
    expect([...opened].sort()).toEqual(['format.json.new', ...groups]);
  });

  test('can take away the memory for duplicates, and then a copy is appended', async () => {
    const forgetful = (gate: GatePart): GatePart => ({
      admit: () => ({ kind: 'append' }),
      appended: () => {},
      reset: (entries) => gate.reset(entries),
      drop: () => gate.drop(),
    });
    cluster = await TestCluster.start(1, { wrap: { producerGate: forgetful } });
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const batch = batchOf(['twice'], { producerId: 7, epoch: 0, baseSequence: 0 });
    for (let copy = 0; copy < 2; copy++) {
      await client.request('produce', { topicId, partition: 0, batch });
    }
    const request = { offset: 0, lastTerm: 0, bytesMax: 100_000, waitMs: 0, replica: false };
    const fetched = await client.request('fetch', { topicId, partition: 0, ...request });
    expect(valuesOf(fetched.batches)).toEqual(['twice', 'twice']);
  });

  test('can cut a node off, and then the others elect a leader without it', async () => {
    let cutOff = 0;
    const pass = (message: { from: number; to: number }): boolean =>
      message.from !== cutOff && message.to !== cutOff;
    const wrap: Wraps = {
      incomingMessage: (_groupId, message) => (pass(message) ? message : undefined),
    };
    cluster = await TestCluster.start(3, { wrap });
    const topicId = await cluster.createTopic({ replicas: 3 });
    cutOff = await cluster.leaderOf(topicId, 0);
    const old = await cluster.connect(cutOff);
    const lost = old.codeOf('produce', { topicId, partition: 0, batch: batchOf(['unacked']) });
    expect(await lost).toBe('not-leader');
    await expect.poll(() => cluster.leaderOf(topicId, 0), { timeout: 5000 }).not.toBe(cutOff);
  });
});
