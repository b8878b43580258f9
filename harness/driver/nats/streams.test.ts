import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { groupLeadersOf } from './streams.ts';

test('Who leads a group is who leads its consumer of each stream, and nobody where none says so', async () => {
  const clusters: Record<string, ConsumerInfo['cluster']> = {
    'orders-0/left': { leader: 'node-3' },
    'orders-0/right': { leader: 'node-1' },
    // Between two leaders.
    'orders-1/left': { leader: '' },
  };
  const info = async (stream: string, consumer: string) => {
    const cluster = clusters[`${stream}/${consumer}`];
    if (cluster === undefined) throw new Error('consumer not found');
    return { cluster } as ConsumerInfo;
  };
  const manager = { consumers: { info } } as unknown as JetStreamManager;
  const groups = ['left', 'right'];
  const of = { topic: 'orders', partitions: 2, groups };
  expect(await groupLeadersOf(manager, of)).toEqual([3, 1, 0, 0]);
});
