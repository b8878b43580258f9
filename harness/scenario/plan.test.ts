import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { withOverrides, type Overrides } from './overrides.ts';
import { parseScenario } from './parse.ts';
import { makePlan, planText } from './plan.ts';
import type { Vocabulary } from './semantics.ts';

const none = z.strictObject({});

const vocabulary: Vocabulary = {
  faults: [
    { kind: 'kill', targets: ['node', 'consumer', 'producer'], heals: true, options: none },
    { kind: 'restart', targets: ['node'], heals: false, options: none },
  ],
  checks: [],
};

const input = {
  name: 'mine',
  question: 'Does it hold?',
  workload: { producers: 2, consumers: 3, groups: 2, rate: 1000 },
  phases: [
    {
      name: 'one',
      duration: '4s',
      rate: 500,
      faults: [{ fault: 'kill', target: 'each-node', at: '1s' }],
    },
    {
      name: 'two',
      duration: '8s',
      faults: [
        { fault: 'restart', target: 'leader', at: '5s' },
        { fault: 'kill', target: 'consumer', at: ['0s', '2s'], for: '2s' },
      ],
    },
  ],
};

const scenario = parseScenario(input, 'mine', vocabulary);
const options = { target: 'reference', cluster: 'process', vocabulary } as const;
const plan = (seed: number, overrides: Overrides = {}) =>
  makePlan(withOverrides(scenario, overrides, vocabulary), { ...options, seed });

describe('a plan', () => {
  test('is the same byte for byte for the same seed', () => {
    const again = parseScenario(structuredClone(input), 'mine', vocabulary);
    expect(planText(makePlan(again, { ...options, seed: 7 }))).toBe(planText(plan(7)));
  });

  test('does not depend on the order in which the fields were written', () => {
    const turned = Object.fromEntries(Object.entries(input).toReversed());
    const again = parseScenario(turned, 'mine', vocabulary);
    expect(planText(makePlan(again, { ...options, seed: 7 }))).toBe(planText(plan(7)));
  });

  test('that its faults do not fit into is refused with the shortest that they do', () => {
    const sentence = '--duration must be at least 4s, so that the faults of mine find room';
    expect(() => plan(7, { duration: '3s' })).toThrow(sentence);
    expect(plan(7, { duration: '4s' }).faults.length).toBeGreaterThan(0);
    expect(plan(7, { duration: '3s', faults: false }).faults).toEqual([]);
  });

  test('of a day and more, or of a rate that no machine has, is refused', () => {
    expect(() => plan(7, { duration: '1000000h' })).toThrow('--duration must be at most 24 h');
    expect(() => plan(7, { rate: 1e9 })).toThrow('--rate must be at most 10000000, got 1000000000');
  });

  test('makes other choices for another seed', () => {
    const [a, b] = [plan(7), plan(8)];
    expect(a.faults.map(({ pick }) => pick)).not.toEqual(b.faults.map(({ pick }) => pick));
    expect(a.producers[0]?.seed).not.toBe(b.producers[0]?.seed);
    expect(a.faults.find(({ target }) => target === 'consumer')?.atMs).not.toBe(
      b.faults.find(({ target }) => target === 'consumer')?.atMs,
    );
  });

  test('draws within the bounds over many seeds, and near both of them', () => {
    const times = Array.from({ length: 400 }, (_, seed) => {
      return plan(seed).faults.find(({ target }) => target === 'consumer')!.atMs - 6000;
    });
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...times)).toBeLessThanOrEqual(2000);
    expect(Math.min(...times)).toBeLessThan(50);
    expect(Math.max(...times)).toBeGreaterThan(1950);
  });

  test('puts the warm-up first and the phases after it, with what they inherit', () => {
    expect(plan(1).phases).toEqual([
      {
        name: 'warm-up',
        startMs: 0,
        endMs: 2000,
        rate: 500,
        arrival: { kind: 'constant' },
        measured: false,
      },
      {
        name: 'one',
        startMs: 2000,
        endMs: 6000,
        rate: 500,
        arrival: { kind: 'constant' },
        measured: true,
      },
      {
        name: 'two',
        startMs: 6000,
        endMs: 14000,
        rate: 1000,
        arrival: { kind: 'constant' },
        measured: true,
      },
    ]);
  });

  test('orders faults by time, numbers them, and gives each node its turn', () => {
    expect(
      plan(1).faults.map(({ id, kind, target, phase, after }) => ({
        id,
        kind,
        target,
        phase,
        after,
      })),
    ).toEqual([
      { id: 0, kind: 'kill', target: 'node-1', phase: 'one', after: null },
      { id: 1, kind: 'kill', target: 'node-2', phase: 'one', after: 0 },
      { id: 2, kind: 'kill', target: 'node-3', phase: 'one', after: 1 },
      { id: 3, kind: 'kill', target: 'consumer', phase: 'two', after: null },
      { id: 4, kind: 'restart', target: 'leader', phase: 'two', after: null },
    ]);
  });

  test('ends faults with their phase where nothing is said', () => {
    const faults = plan(1).faults;
    expect(faults.slice(0, 3).map(({ atMs, healAtMs }) => [atMs, healAtMs])).toEqual([
      [3000, 4000],
      [4000, 5000],
      [5000, 6000],
    ]);
    expect(faults[3]!.healAtMs).toBe(faults[3]!.atMs + 2000);
    expect(faults[4]).toMatchObject({ atMs: 11000, healAtMs: null });
  });

  test('shares the rate among the producers and deals the consumers to the groups', () => {
    expect(plan(1).producers.map(({ share }) => share)).toEqual([0.5, 0.5]);
    expect(plan(1).consumers).toEqual([
      { worker: 1, group: 'group-1' },
      { worker: 2, group: 'group-2' },
      { worker: 3, group: 'group-1' },
    ]);
  });

  test('does not change its other choices when a fault is added at the end', () => {
    const more = structuredClone(input);
    more.phases[1]!.faults.push({ fault: 'restart', target: 'any-node', at: '7s' });
    const longer = makePlan(parseScenario(more, 'mine', vocabulary), { ...options, seed: 1 });
    expect(longer.faults.slice(0, 5)).toEqual(plan(1).faults);
  });
});

describe('an override', () => {
  test('of the duration scales phases and fault times but not how long a fault lasts', () => {
    const short = plan(1, { duration: '6s', faults: true });
    expect(short.phases.map(({ endMs }) => endMs)).toEqual([2000, 4000, 8000]);
    const kill = short.faults[3]!;
    expect(kill.healAtMs! - kill.atMs).toBe(2000);
  });

  test('of the rate scales the phases that have their own', () => {
    expect(plan(1, { rate: 4000 }).phases.map(({ rate }) => rate)).toEqual([2000, 2000, 4000]);
  });

  test('of replication to none leaves one replica', () => {
    expect(plan(1, { replication: 'none' }).scenario.topic.replicas).toBe(1);
  });

  test('of the nodes leaves no more replicas than nodes', () => {
    expect(plan(1, { nodes: 2 }).scenario.topic.replicas).toBe(2);
    expect(plan(1, { nodes: 5 }).scenario.topic.replicas).toBe(3);
  });

  test('can leave all faults out', () => {
    expect(plan(1, { faults: false }).faults).toEqual([]);
  });

  test('that is wrong is refused by the name of its option', () => {
    expect(() => plan(1, { rate: -5 })).toThrow('--rate must be a positive number, got -5');
    expect(() => plan(1, { size: 'big' })).toThrow('--size is wrong: "big" is not a size such as');
  });

  test('that makes the scenario contradict itself is refused', () => {
    expect(() => plan(1, { consumers: 0 })).toThrow(
      'mine with --consumers: phases[1].faults[1].target is a consumer, and workload.consumers is 0',
    );
  });
});

describe('canonical JSON', () => {
  test('sorts keys at every level and leaves out what is undefined', () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: null })).toBe(
      '{\n  "a": null,\n  "b": [\n    {\n      "d": 1\n    }\n  ]\n}\n',
    );
  });
});

describe('until', () => {
  const timed = {
    ...input,
    phases: [
      {
        name: 'one',
        duration: '10s',
        faults: [
          { fault: 'kill', target: 'node-1', at: '2s', until: '5s' },
          { fault: 'kill', target: 'node-2', at: '2s', for: '3s' },
        ],
      },
    ],
  };
  const lasting = (overrides: Overrides): (number | null)[][] => {
    const scenario = withOverrides(parseScenario(timed, 'x', vocabulary), overrides, vocabulary);
    const plan = makePlan(scenario, { seed: 1, target: 'a', cluster: 'process', vocabulary });
    return plan.faults.map(({ atMs, healAtMs }) => [atMs - 2000, (healAtMs ?? 0) - 2000]);
  };

  test('is when the fault is healed, from the start of its phase', () => {
    expect(lasting({})).toEqual([
      [2000, 5000],
      [2000, 5000],
    ]);
  });

  test('is stretched with its phase, as the time that a fault lasts is not', () => {
    expect(lasting({ duration: '30s' })).toEqual([
      [6000, 15_000],
      [6000, 9000],
    ]);
  });
});

test('replicas that a scenario asks for survive a replication that is named again', () => {
  const five = { ...input, nodes: 5, topic: { replicas: 5 } };
  const replicas = (given: unknown, overrides: Overrides): number | undefined =>
    withOverrides(parseScenario(given, 'x', vocabulary), overrides, vocabulary).topic.replicas;
  expect(replicas(five, { replication: 'quorum' })).toBe(5);
  expect(replicas(five, { replication: 'async', nodes: 4 })).toBe(4);
  expect(replicas(five, { replication: 'none' })).toBe(1);
  const one = { ...five, topic: { replicas: 1, replication: 'none' } };
  expect(replicas(one, { replication: 'quorum' })).toBe(3);
});

describe('a scenario that names no rate', () => {
  const { workload, ...rest } = input;
  const phases = [{ name: 'one', duration: '4s' }];
  const rateOf = (given: object, words: Partial<Vocabulary> = {}): number =>
    parseScenario({ ...rest, phases, ...given }, 'x', { ...vocabulary, ...words }).workload.rate;

  test('has the one that its target usually bears', () => {
    expect(rateOf({}, { usualRate: 300 })).toBe(300);
    expect(rateOf({ workload: { producers: 2 } }, { usualRate: 300 })).toBe(300);
    expect(rateOf({})).toBe(5000);
  });

  test('is none that names it, for the whole or for a phase', () => {
    expect(rateOf({ workload }, { usualRate: 300 })).toBe(1000);
    expect(rateOf({ phases: [{ ...phases[0], rate: 500 }] }, { usualRate: 300 })).toBe(5000);
  });

  test('is none whose load or limits say what rate they mean', () => {
    const rising = { arrival: { kind: 'ramp', to: 8000 } };
    expect(rateOf({ workload: rising }, { usualRate: 300 })).toBe(5000);
    expect(rateOf({ phases: [{ ...phases[0], ...rising }] }, { usualRate: 300 })).toBe(5000);
    expect(rateOf({ limits: { ackedRateMin: 3000 } }, { usualRate: 300 })).toBe(5000);
    expect(rateOf({ limits: { responseP99Ms: 50 } }, { usualRate: 300 })).toBe(300);
  });
});

test('the drain of a scenario that names none is as long as its target may need', () => {
  const drainOf = (given: object, words: Partial<Vocabulary> = {}): number =>
    parseScenario({ ...input, ...given }, 'x', { ...vocabulary, ...words }).drain;
  expect(drainOf({}, { usualDrain: 90_000 })).toBe(90_000);
  expect(drainOf({ drain: '5s' }, { usualDrain: 90_000 })).toBe(5000);
  expect(drainOf({})).toBe(30_000);
});
