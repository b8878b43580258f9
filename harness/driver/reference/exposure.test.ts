import { describe, expect, test } from 'vitest';
import { exposureOf } from './exposure.ts';
import type { Replica, TopicReplicas } from './exposure.ts';

const placement = [1, 2, 3];

function replica(node: number, overrides: Partial<Replica>): Replica {
  const offsets = { highWatermark: 0, logEndOffset: 0, syncedOffset: 0, persistedOffset: 0 };
  return { node, role: 'follower', term: 3, syncMsMax: 1, ...offsets, ...overrides };
}

function topic(
  replication: TopicReplicas['replication'],
  ...replicas: readonly Replica[]
): TopicReplicas {
  return { askedAtNanos: 1, replication, partitions: [{ placement, replicas }] };
}

/** All have 100 records; the last 30 are synced nowhere but on node 3. */
const unsynced = [
  replica(1, { role: 'leader', highWatermark: 100, logEndOffset: 100, syncedOffset: 70 }),
  replica(2, { highWatermark: 90, logEndOffset: 100, syncedOffset: 70 }),
  replica(3, { highWatermark: 90, logEndOffset: 100, syncedOffset: 100 }),
];

describe('exposed is what was acked and would be on no majority', () => {
  test('a power cut of one node puts nothing at stake that two others hold', () => {
    expect(exposureOf(topic('quorum', ...unsynced), { failing: [1], loses: 'unsynced' })).toEqual({
      byPartition: [0],
      silent: [],
      syncMsMax: 1,
      askedAtNanos: 1,
    });
  });

  test('a power cut of all nodes puts at stake what a majority has not synced', () => {
    const loss = { failing: [1, 2, 3], loses: 'unsynced' } as const;
    expect(exposureOf(topic('quorum', ...unsynced), loss).byPartition).toEqual([30]);
  });

  test('two nodes that lose all take everything with them', () => {
    const loss = { failing: [1, 3], loses: 'all' } as const;
    expect(exposureOf(topic('quorum', ...unsynced), loss).byPartition).toEqual([100]);
  });

  test('a node that did not answer holds nothing, and is named', () => {
    const [leader, follower] = unsynced;
    const loss = { failing: [1], loses: 'unsynced' } as const;
    expect(exposureOf(topic('quorum', leader!, follower!), loss)).toMatchObject({
      byPartition: [30],
      silent: [3],
    });
  });

  test('with asynchronous replication acked is what the leader of the latest term persisted', () => {
    const behind = [
      replica(1, { role: 'leader', highWatermark: 80, logEndOffset: 110, persistedOffset: 100 }),
      replica(2, { highWatermark: 80, logEndOffset: 85 }),
      replica(3, { highWatermark: 70, logEndOffset: 80 }),
    ];
    const deposed = replica(2, { role: 'leader', term: 2, persistedOffset: 500, logEndOffset: 85 });
    const loss = { failing: [1], loses: 'all' } as const;
    const exposed = (...asked: Parameters<typeof topic>) =>
      exposureOf(topic(...asked), loss).byPartition;
    expect(exposed('async', ...behind)).toEqual([20]);
    expect(exposed('async', behind[0]!, deposed, behind[2]!)).toEqual([20]);
    expect(exposed('quorum', ...behind)).toEqual([0]);
  });

  test('each partition has its own, and the longest sync is that of any of them', () => {
    const slow = unsynced.map((each) => ({ ...each, syncedOffset: 95, syncMsMax: each.node * 7 }));
    const partitions = [
      { placement, replicas: unsynced },
      { placement, replicas: slow },
    ];
    const loss = { failing: [1, 2, 3], loses: 'unsynced' } as const;
    expect(exposureOf({ askedAtNanos: 1, replication: 'quorum', partitions }, loss)).toEqual({
      byPartition: [30, 5],
      silent: [],
      syncMsMax: 21,
      askedAtNanos: 1,
    });
  });
});
