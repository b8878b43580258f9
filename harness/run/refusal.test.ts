import { describe, expect, test } from 'vitest';
import type { ClusterKind } from '../cluster/kinds.ts';
import { brokerOf } from '../driver/registry.ts';
import { parseScenario } from '../scenario/parse.ts';
import { makePlan } from '../scenario/plan.ts';
import type { ScenarioInput } from '../scenario/schema.ts';
import { vocabulary } from '../vocabulary.ts';
import { refusalOf } from './refusal.ts';

type Change = Partial<ScenarioInput>;

function refusal(
  change: Change,
  target = 'nats',
  cluster: ClusterKind = 'process',
): string | undefined {
  const words = vocabulary();
  const input = { name: 'orders', question: 'q', phases: [{ name: 'main', duration: '60s' }] };
  const scenario = parseScenario({ ...input, ...change }, 'orders', words);
  const plan = makePlan(scenario, { seed: 1, target, cluster, vocabulary: words });
  return refusalOf(brokerOf(target), plan, words);
}

function faulty(fault: string, target = 'leader'): Change {
  const faults = [{ fault, target, at: '10s', for: '5s' }];
  return { phases: [{ name: 'main', duration: '60s', faults }] };
}

describe('NATS', () => {
  test('takes what it can do', () => {
    expect(refusal({})).toBeUndefined();
    expect(refusal({ topic: { replication: 'none', flush: 'os' } })).toBeUndefined();
    expect(refusal({ nodes: 1, topic: { replication: 'none' } })).toBeUndefined();
    expect(refusal(faulty('kill'))).toBeUndefined();
    expect(refusal(faulty('power-cut', 'all-nodes'))).toBeUndefined();
    expect(refusal(faulty('cut'), 'nats', 'docker')).toBeUndefined();
    expect(refusal(faulty('disconnect'), 'nats', 'docker')).toBeUndefined();
  });

  test('refuses each other thing in one sentence', () => {
    expect(refusal({ topic: { replication: 'async' } })).toBe(
      'NATS acks what a quorum has, or one replica alone: use --replication quorum or none',
    );
    expect(refusal(faulty('cut'))).toBe(
      'the links of NATS cannot be cut on --cluster process, since its nodes tell each other of ' +
        'one address each; use --cluster docker, or leave the faults of orders out ' +
        '(run --no-faults)',
    );
    for (const cluster of ['process', 'docker'] as const)
      expect(refusal(faulty('delay'), 'nats', cluster)).toBe(
        'the links of NATS can be cut, on --cluster docker, and neither delayed nor reset, since ' +
          'that takes proxies and its nodes tell each other of one address each; leave the ' +
          'faults of orders out (run --no-faults)',
      );
    for (const fault of ['bit-flip', 'torn-tail', 'missing-file'])
      expect(refusal(faulty(fault))).toBe(
        `${fault} damages logs whose files are named as those of the reference broker, and NATS ` +
          'keeps others; leave the faults of orders out (run --no-faults)',
      );
    expect(refusal({ nodes: 7, topic: { replicas: 7 } })).toContain('at most 5 replicas');
    expect(refusal({ nodes: 1 })).toBe(
      'a quorum that outlives a server takes at least 3 replicas on NATS, not 1: use 3 nodes and ' +
        'as many replicas, or --replication none',
    );
    expect(refusal({ workload: { deliveryTimeout: '60s' } })).toBeUndefined();
    expect(refusal({ workload: { deliveryTimeout: '150s', idempotent: false } })).toBeUndefined();
    expect(refusal({ workload: { deliveryTimeout: '150s' } })).toBe(
      'NATS knows a message by its id for 120000 ms, so that one that is sent again for 150000 ms ' +
        'may be stored twice: use a workload.deliveryTimeout of at most 60000 ms, or ' +
        'workload.idempotent: false',
    );
    const paused = (duration: string, target = 'leader') => {
      const faults = [{ fault: 'pause', target, at: '10s', for: duration }];
      return { phases: [{ name: 'main', duration: '200s', faults }] };
    };
    expect(refusal(paused('60s'))).toBeUndefined();
    expect(refusal(paused('150s', 'consumer'))).toBeUndefined();
    expect(refusal({ ...paused('150s'), workload: { idempotent: false } })).toBeUndefined();
    expect(refusal(paused('150s'))).toBe(
      'NATS knows a message by its id for 120000 ms, so that what waits in a server that is ' +
        'paused for 150000 ms may be stored twice: pause it for at most 60000 ms, or use ' +
        'workload.idempotent: false',
    );
    expect(refusal({ storage: { form: 'emulated' } })).toBe(
      '"nats" cannot keep its data on emulated storage; it can on plain, ext4, xfs',
    );
    expect(refusal(faulty('slow-disk'))).toContain('act on emulated storage alone');
  });
});

describe('a quorum on NATS', () => {
  test.each([1, 2])('is refused with %i replicas, whatever the nodes', (replicas) => {
    const words = `at least 3 replicas on NATS, not ${replicas}: `;
    expect(refusal({ nodes: replicas })).toContain(words);
    expect(refusal({ nodes: replicas, topic: { replicas } })).toContain(words);
    expect(refusal({ nodes: 3, topic: { replicas } })).toContain(words);
  });

  test.each([3, 4, 5])('is taken with %i replicas', (replicas) => {
    expect(refusal({ nodes: replicas, topic: { replicas } })).toBeUndefined();
    expect(refusal({ nodes: 5, topic: { replicas } })).toBeUndefined();
  });
});

test('the reference broker can do all of it', () => {
  expect(refusal(faulty('cut'), 'reference')).toBeUndefined();
  expect(refusal(faulty('slow-disk'), 'reference', 'docker')).toBeUndefined();
  expect(refusal({ topic: { replication: 'async' } }, 'reference')).toBeUndefined();
  expect(refusal({ nodes: 1 }, 'reference')).toBeUndefined();
});
