import { describe, expect, test } from 'vitest';
import { BrokerError } from '../errors.ts';
import type { TopicConfig } from '../protocol/api.ts';
import { encodeSystemCommand, type SystemCommand, type SystemResult } from './commands.ts';
import { checkTopicConfig, placeReplicas } from './placement.ts';
import { SystemMachine } from './system.ts';

const config: TopicConfig = {
  name: 'orders',
  partitions: 2,
  replicas: 3,
  flush: 'sync',
  replication: 'quorum',
  flushIntervalMs: 100,
  segmentBytes: 1 << 26,
  retentionBytes: 0,
  retentionMs: 0,
};
const placement = placeReplicas({ nodes: [1, 2, 3], partitions: 2, replicas: 3, startAt: 0 });

function rig(machine = new SystemMachine()) {
  let result: SystemResult | undefined;
  machine.onResult = (_, given) => {
    result = given;
  };
  const apply = (command: SystemCommand): SystemResult | undefined => {
    const index = machine.appliedIndex + 1;
    machine.apply({ term: 1, index, bytes: encodeSystemCommand(command) });
    return result;
  };
  return { machine, apply };
}

describe('the system group', () => {
  test('gives each topic its own number and a name only once', () => {
    const { machine, apply } = rig();
    const create = { type: 'create-topic', config, placement } as const;
    expect(apply(create)).toEqual({ type: 'topic', topicId: 1, created: true });
    expect(apply(create)).toEqual({ type: 'topic', topicId: 1, created: false });
    const bills = { ...create, config: { ...config, name: 'bills' } };
    expect(apply(bills)).toMatchObject({ topicId: 2 });
    expect(machine.topicNamed('bills')?.topicId).toBe(2);
  });

  test('raises the epoch of a producer id, which fences the one before', () => {
    const { apply } = rig();
    const init = (producerId: number) => apply({ type: 'init-producer', producerId });
    expect(init(0)).toEqual({ type: 'producer', producerId: 1, epoch: 0 });
    expect(init(0)).toEqual({ type: 'producer', producerId: 2, epoch: 0 });
    expect(init(1)).toEqual({ type: 'producer', producerId: 1, epoch: 1 });
  });

  test('gives a forgotten producer a new id, which fences nobody', () => {
    const { apply } = rig(new SystemMachine({ producersMax: 2 }));
    const init = (producerId: number) => apply({ type: 'init-producer', producerId });
    [0, 0].forEach(init);
    init(1);
    init(0);
    expect(init(2)).toEqual({ type: 'producer', producerId: 4, epoch: 0 });
    expect(init(1)).toMatchObject({ type: 'producer', epoch: 0 });
  });

  test('takes a generation of a group once and in order', () => {
    const { machine, apply } = rig();
    const set = (generation: number) =>
      apply({ type: 'set-group', group: 'g', generation, topic: 'orders', members: [] });
    expect(set(1)).toEqual({ type: 'group', applied: true, generation: 1 });
    expect(set(1)).toEqual({ type: 'group', applied: false, generation: 1 });
    expect(set(3)).toEqual({ type: 'group', applied: false, generation: 1 });
    expect(machine.group('g')?.generation).toBe(1);
  });

  test('is the same after a snapshot, byte for byte', () => {
    const { machine, apply } = rig();
    apply({ type: 'create-topic', config, placement });
    apply({ type: 'init-producer', producerId: 0 });
    apply({ type: 'init-producer', producerId: 0 });
    apply({ type: 'init-producer', producerId: 1 });
    const members = [{ memberId: 'm', sessionTimeoutMs: 3000, partitions: [0, 1] }];
    apply({ type: 'set-group', group: 'b', generation: 1, topic: 'orders', members });
    apply({ type: 'set-group', group: 'a', generation: 1, topic: 'orders', members });
    const other = rig();
    other.machine.restore(machine.snapshot());
    expect(other.machine.snapshot()).toEqual(machine.snapshot());
    expect(other.apply({ type: 'init-producer', producerId: 1 })).toMatchObject({ epoch: 2 });
    expect([...other.machine.topics()]).toEqual([...machine.topics()]);
    other.machine.restore(undefined);
    expect(other.machine.snapshot()).toEqual(new SystemMachine().snapshot());
  });
});

describe('placement', () => {
  test('goes round the nodes, so that leaders spread', () => {
    expect(placeReplicas({ nodes: [1, 2, 3], partitions: 4, replicas: 2, startAt: 1 })).toEqual([
      [2, 3],
      [3, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  test.each([
    [{ name: 'a b' }, 'needs a name'],
    [{ partitions: 0 }, 'needs 1 to 256 partitions, not 0'],
    [{ partitions: 1.5 }, 'needs 1 to 256 partitions'],
    [{ replicas: 4 }, 'wants 4 replicas in a cluster of 3'],
    [{ replication: 'none' as const }, 'exactly 1 replica'],
    [{ segmentBytes: 0 }, 'segmentBytes'],
    [{ retentionMs: -1 }, 'retentionMs'],
    [{ flushIntervalMs: Number.NaN }, 'flushIntervalMs'],
  ])('refuses %j with a sentence', (change, sentence) => {
    expect(() => checkTopicConfig({ ...config, ...change }, 3)).toThrow(sentence);
    expect(() => checkTopicConfig({ ...config, ...change }, 3)).toThrow(BrokerError);
  });

  test('takes a topic that fits', () => {
    expect(() => checkTopicConfig(config, 3)).not.toThrow();
  });
});
