import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { HarnessError } from '../errors.ts';
import { parseScenario } from './parse.ts';
import type { Vocabulary } from './semantics.ts';

const none = z.strictObject({});

const vocabulary: Vocabulary = {
  faults: [
    { kind: 'kill', targets: ['node', 'consumer', 'producer'], heals: true, options: none },
    { kind: 'restart', targets: ['node'], heals: false, options: none },
    {
      kind: 'cut',
      targets: ['node'],
      heals: true,
      options: z.strictObject({ peers: z.array(z.string()).optional() }),
    },
  ],
  checks: ['lost', 'duplicate'],
};

const mode = { flush: 'sync', replication: 'none' };
const grid = { modes: [mode], rates: [100] };

const good = {
  name: 'mine',
  question: 'Does it hold?',
  phases: [
    { name: 'one', duration: '5s' },
    {
      name: 'two',
      duration: '10s',
      faults: [{ fault: 'kill', target: 'leader', at: '1s', for: '2s' }],
    },
  ],
};

/** The good scenario with one field, named by its path, set to something. */
function broken(path: string, value: unknown): unknown {
  const copy = structuredClone(good) as Record<string, unknown>;
  const steps = path.split('.');
  let place = copy;
  for (const step of steps.slice(0, -1)) {
    place[step] ??= {};
    place = place[step] as Record<string, unknown>;
  }
  const last = steps.at(-1)!;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}

function complaint(input: unknown): string {
  try {
    parseScenario(input, 'my.scenario.ts', vocabulary);
  } catch (error) {
    if (error instanceof HarnessError && error.code === 'scenario') return error.message;
    throw error;
  }
  return '';
}

const fault = 'phases.1.faults.0';
const where = 'phases[1].faults[0]';
const wrong: [path: string, value: unknown, sentence: string][] = [
  [
    fault,
    { fault: 'kill', target: 'leader', at: '2s', until: '2s' },
    `${where}.until must be later than at (2000 ms), got 2000 ms`,
  ],
  [
    fault,
    { fault: 'kill', target: 'leader', at: '2s', until: '11s' },
    `${where}.until is beyond the end of its phase, which lasts 10000 ms, got 11000 ms`,
  ],
  [
    fault,
    { fault: 'kill', target: 'leader', at: '2s', until: '3s', for: '1s' },
    `${where}.until says when the fault is healed, and so does for`,
  ],
  [
    fault,
    { fault: 'restart', target: 'leader', at: '2s', until: '3s' },
    `${where}.until is not for "restart", which heals itself`,
  ],
  [
    fault,
    { fault: 'cut', target: 'leader', at: '2s', with: { peers: ['node-2', 'node-4'] } },
    `${where}.with.peers[1] names node 4, and the cluster has 3`,
  ],
  [
    'workload',
    { placement: 'near' },
    'workload.placement must be one of apart, beside-nodes, got "near"',
  ],
  ['name', undefined, 'name is missing: it must be a text'],
  ['name', 'My Scenario', 'name must be lower-case letters, digits and dashes, got "My Scenario"'],
  ['name', 7, 'name must be a text, got 7'],
  ['question', '', 'question must not be empty, got ""'],
  ['question', undefined, 'question is missing: it must be a text'],
  ['nodes', 0, 'nodes must be at least 1, got 0'],
  ['nodes', 10, 'nodes must be at most 9, got 10'],
  ['nodes', 2.5, 'nodes must be a whole number, got 2.5'],
  ['nodes', '3', 'nodes must be a number, got "3"'],
  ['node', 3, 'node is not a known field; did you mean "nodes"?'],
  ['topic', 4, 'topic must be an object, got 4'],
  ['topic.partitions', 0, 'topic.partitions must be at least 1, got 0'],
  ['topic.partitions', 257, 'topic.partitions must be at most 256, got 257'],
  ['topic.replicas', 5, 'topic.replicas must be at most nodes (3), got 5'],
  ['topic.replicas', 0, 'topic.replicas must be at least 1, got 0'],
  [
    'topic.flush',
    'synch',
    'topic.flush must be one of sync, async, os, got "synch"; did you mean "sync"?',
  ],
  ['topic.replication', 'all', 'topic.replication must be one of none, async, quorum, got "all"'],
  [
    'topic.flushInterval',
    100,
    'topic.flushInterval must be a duration such as "30s" or "200ms", got 100',
  ],
  [
    'topic.flushInterval',
    'soon',
    'topic.flushInterval is wrong: "soon" is not a duration such as "30s" or "200ms"',
  ],
  [
    'topic.flushInterval',
    '2.5ms',
    'topic.flushInterval must be whole milliseconds, at most 49 days, got "2.5ms"',
  ],
  ['topic.flushInterval', '0ms', 'topic.flushInterval must be longer than 0'],
  [
    'topic.segmentSize',
    '1 MB of log',
    'topic.segmentSize is wrong: "1 MB of log" is not a size such as "100B" or "1KiB"',
  ],
  ['topic.segmentSize', 0, 'topic.segmentSize must be a positive number, got 0'],
  ['topic.fluhs', 'sync', 'topic.fluhs is not a known field; did you mean "flush"?'],
  ['workload', [], 'workload must be an object, got []'],
  ['workload.rate', -5, 'workload.rate must be a positive number, got -5'],
  ['workload.rate', 'fast', 'workload.rate must be a number, got "fast"'],
  ['workload.arrival', 'constant', 'workload.arrival must be an object, got "constant"'],
  [
    'workload.arrival',
    {},
    'workload.arrival.kind is missing: it must be one of constant, poisson, ramp, burst, step, trace',
  ],
  [
    'workload.arrival',
    { kind: 'poison' },
    'workload.arrival.kind must be one of constant, poisson, ramp, burst, step, trace, got "poison"; did you mean "poisson"?',
  ],
  ['workload.arrival', { kind: 'ramp' }, 'workload.arrival.to is missing: it must be a number'],
  [
    'workload.arrival',
    { kind: 'ramp', too: 3, to: 5 },
    'workload.arrival.too is not a known field; did you mean "to"?',
  ],
  [
    'workload.arrival',
    { kind: 'burst', factor: 0, every: '5s', for: '1s' },
    'workload.arrival.factor must be a positive number, got 0',
  ],
  [
    'workload.arrival',
    { kind: 'burst', factor: 2, every: '5s', for: '6s' },
    'workload.arrival.for must be at most every (5000 ms), got 6000 ms',
  ],
  [
    'workload.arrival',
    { kind: 'burst', factor: 2, every: '0s', for: '0s' },
    'workload.arrival.every must be longer than 0',
  ],
  [
    'workload.arrival',
    { kind: 'step', rates: [] },
    'workload.arrival.rates must have at least 1 item, got []',
  ],
  [
    'workload.arrival',
    { kind: 'step', rates: [5, -1] },
    'workload.arrival.rates[1] must be a positive number, got -1',
  ],
  [
    'workload.arrival',
    { kind: 'trace', atMs: [5, 3] },
    'workload.arrival.atMs[1] must not be before the one before it',
  ],
  [
    'workload.size',
    '1 potato',
    'workload.size is wrong: "1 potato" is not a size such as "100B" or "1KiB"',
  ],
  ['workload.size', 10, 'workload.size must be between 64 B and 1 MiB, got 10'],
  ['workload.size', true, 'workload.size must be a number or a text, got true'],
  [
    'workload.size',
    '1MiB',
    'workload.size must leave room for its headers in a batch of 1 MiB, got 1048576 bytes',
  ],
  ['workload.keys', 0, 'workload.keys must be at least 1, got 0'],
  ['workload.producers', 65, 'workload.producers must be at most 64, got 65'],
  ['workload.consumers', -1, 'workload.consumers must not be negative, got -1'],
  [
    'workload.groups',
    3,
    'workload.groups must be at most consumers (2), since each needs one, got 3',
  ],
  ['workload.inFlightMax', 0, 'workload.inFlightMax must be at least 1, got 0'],
  ['workload.lingerMs', -1, 'workload.lingerMs must not be negative, got -1'],
  ['workload.batchSize', '2MiB', 'workload.batchSize must be at most 1 MiB, got 2097152 bytes'],
  ['workload.batchSize', 8, 'workload.batchSize must be at least 64 bytes, got 8'],
  ['workload.deliveryTimeout', '0s', 'workload.deliveryTimeout must be longer than 0'],
  ['workload.sessionTimeout', '10ms', 'workload.sessionTimeout must be at least 500 ms, got 10 ms'],
  ['workload.idempotent', 'yes', 'workload.idempotent must be true or false, got "yes"'],
  ['workload.rat', 5, 'workload.rat is not a known field; did you mean "rate"?'],
  ['grid', { rates: [1] }, 'grid.modes is missing: it must be a list'],
  ['grid', { ...grid, rates: [0] }, 'grid.rates[0] must be a positive number, got 0'],
  [
    'grid',
    { ...grid, faults: ['kill-leeder'] },
    'grid.faults[0] must be one of kill-leader, power-cut-leader, power-cut-all, cut-off-leader, ' +
      'got "kill-leeder"; did you mean "kill-leader"?',
  ],
  ['grid', { ...grid, modes: [mode, mode] }, 'grid.modes[1] names sync x none again'],
  [
    'grid',
    { ...grid, rateDuration: '1s' },
    'grid.rateDuration must be at least 2000 ms, got 1000 ms',
  ],
  [
    'grid',
    { ...grid, quick: { rates: [1], rateDuration: '1s' } },
    'grid.quick.rateDuration must be at least 2000 ms, got 1000 ms',
  ],
  ['workload.overtime', 5, 'workload.overtime must be a duration such as "30s" or "200ms", got 5'],
  ['warmUp', 5, 'warmUp must be a duration such as "30s" or "200ms", got 5'],
  ['phases', undefined, 'phases is missing: it must be a list'],
  ['phases', [], 'phases must have at least 1 item, got []'],
  [
    'phases.0.name',
    'drain',
    'phases[0].name "drain" is a phase that the harness adds by itself; choose another name',
  ],
  ['phases.1.name', 'one', 'phases[1].name "one" is taken by an earlier phase'],
  ['phases.1.duration', '0s', 'phases[1].duration must be longer than 0'],
  [
    'phases.1.duration',
    undefined,
    'phases[1].duration is missing: it must be a duration such as "30s" or "200ms"',
  ],
  ['phases.1.rate', 0, 'phases[1].rate must be a positive number, got 0'],
  ['phases.1.arrival', { kind: 'step' }, 'phases[1].arrival.rates is missing: it must be a list'],
  ['phases.1.fault', [], 'phases[1].fault is not a known field; did you mean "faults"?'],
  [`${fault}.fault`, 'kil', `${where}.fault "kil" is not a known fault; did you mean "kill"?`],
  [
    `${fault}.fault`,
    'meteor',
    `${where}.fault "meteor" is not a known fault; known are kill, restart, cut`,
  ],
  [
    `${fault}.target`,
    'leeder',
    `${where}.target is wrong: "leeder" is no target; did you mean "leader"?`,
  ],
  [`${fault}.target`, 'node-1+node-7', `${where}.target names node 7, and the cluster has 3`],
  [`${fault}.with`, { hard: true }, `${where}.with.hard is not a known field; there are none`],
  [
    `${fault}.target`,
    'boss',
    `${where}.target is wrong: "boss" is no target; there are leader, follower, coordinator, group-leader, any-node, each-node, all-nodes, consumer, producer, and nodes such as node-2 or node-1+node-2`,
  ],
  [`${fault}.at`, 5, `${where}.at must be a duration such as "30s" or "200ms" or a list, got 5`],
  [`${fault}.at`, 'x', `${where}.at is wrong: "x" is not a duration such as "30s" or "200ms"`],
  [
    `${fault}.at`,
    ['3s', '1s'],
    `${where}.at must name the earlier time first, got 3000 ms and 1000 ms`,
  ],
  [
    `${fault}.at`,
    '10s',
    `${where}.at is beyond the end of its phase, which lasts 10000 ms, got 10000 ms`,
  ],
  [
    `${fault}.for`,
    '10s',
    `${where}.for ends beyond its phase: at 1000 ms plus 10000 ms is more than 10000 ms`,
  ],
  [`${fault}.for`, '0s', `${where}.for must be longer than 0`],
  [
    fault,
    { fault: 'restart', target: 'leader', at: '0s', for: '1s' },
    `${where}.for is not for "restart", which heals itself`,
  ],
  [
    fault,
    { fault: 'kill', target: 'each-node', at: '0s', for: '4s' },
    `${where}.for ends beyond its phase: at 0 ms plus 4000 ms for each of 3 nodes is more than 10000 ms`,
  ],
  [
    fault,
    { fault: 'restart', target: 'consumer', at: '0s' },
    `${where}.target "consumer" is nothing that "restart" can act on; it acts on node`,
  ],
  ['drain', null, 'drain must be a duration such as "30s" or "200ms", got null'],
  ['checks', ['lots'], 'checks[0] "lots" is not a known check; did you mean "lost"?'],
  ['checks', ['order'], 'checks[0] "order" is not a known check; known are lost, duplicate'],
  [
    'limits',
    { responseP99: 5 },
    'limits.responseP99 is not a known field; did you mean "responseP99Ms"?',
  ],
  ['limits', { responseP99Ms: 0 }, 'limits.responseP99Ms must be a positive number, got 0'],
  ['limits', { endToEndP99Ms: -1 }, 'limits.endToEndP99Ms must be a positive number, got -1'],
  ['limits', { ackedRateMin: 'all' }, 'limits.ackedRateMin must be a number, got "all"'],
  ['limits', { recoveryMs: true }, 'limits.recoveryMs must be a number, got true'],
];

describe('a scenario file that is wrong', () => {
  test.each(wrong)('in %s (%j) gets one sentence with the path', (path, value, sentence) => {
    expect(complaint(broken(path, value))).toBe(`my.scenario.ts: ${sentence}`);
  });

  test('in two fields gets two sentences', () => {
    expect(complaint({ ...good, nodes: 0, warmUp: 5 })).toBe(
      'my.scenario.ts: nodes must be at least 1, got 0\nmy.scenario.ts: warmUp must be a duration such as "30s" or "200ms", got 5',
    );
  });

  test('because its fields contradict each other says which', () => {
    const one = {
      ...good,
      nodes: 1,
      phases: [
        { name: 'a', duration: '5s', faults: [{ fault: 'kill', target: 'follower', at: '0s' }] },
      ],
    };
    expect(complaint(one)).toBe(
      'my.scenario.ts: phases[0].faults[0].target is a follower, and a topic with one replica has none',
    );
    const none = { ...good, topic: { replication: 'none', replicas: 3 } };
    expect(complaint(none)).toBe(
      'my.scenario.ts: topic.replicas must be 1 with replication "none", got 3',
    );
    const unconsumed = {
      ...good,
      workload: { consumers: 0 },
      limits: { endToEndP99Ms: 5 },
      phases: [
        {
          name: 'a',
          duration: '5s',
          faults: ['consumer', 'group-leader'].map((target) => ({
            fault: 'kill',
            target,
            at: '0s',
          })),
        },
      ],
    };
    expect(complaint(unconsumed)).toBe(
      'my.scenario.ts: limits.endToEndP99Ms needs at least one consumer, and workload.consumers is 0\n' +
        'my.scenario.ts: phases[0].faults[0].target is a consumer, and workload.consumers is 0\n' +
        'my.scenario.ts: phases[0].faults[1].target leads groups of consumers, and workload.consumers is 0',
    );
  });

  test('because it is no object at all says so', () => {
    for (const input of [null, [], 'x', 5]) {
      expect(complaint(input)).toBe('my.scenario.ts: holds no scenario: it must be an object');
    }
  });

  test('is not the good one', () => {
    expect(complaint(good)).toBe('');
  });
});
