import { sampleCorrelation } from 'simple-statistics';
import { describe, expect, test } from 'vitest';

import type { PlannedPhase } from '../scenario/plan-types.ts';
import { arrivals, messagesOf } from './arrival.ts';

function phase(overrides: Partial<PlannedPhase>): PlannedPhase {
  return {
    name: 'load',
    startMs: 0,
    endMs: 10_000,
    rate: 1000,
    arrival: { kind: 'constant' },
    measured: true,
    ...overrides,
  };
}

function allOf(phases: readonly PlannedPhase[], share = 1, seed = 7): number[] {
  const source = arrivals({ phases, share, seed });
  const times: number[] = [];
  for (let at = source.next(); at < Infinity; at = source.next()) times.push(at);
  expect(times.every((at, index) => index === 0 || at >= times[index - 1]!)).toBe(true);
  return times;
}

/** Messages per second in each second. */
function perSecond(times: readonly number[], seconds: number): number[] {
  const counts = Array.from({ length: seconds }, () => 0);
  for (const at of times) counts[Math.floor(at / 1e9)]!++;
  return counts;
}

describe('arrivals', () => {
  test('that are constant keep their exact distance for hours', () => {
    const times = allOf([phase({ endMs: 3_600_000, rate: 300 })]);
    expect(times).toHaveLength(1_080_000);
    const interval = 1e9 / 300;
    const first = times[0]!;
    times.forEach((at, index) => {
      if (Math.abs(at - first - index * interval) > 1)
        throw new Error(`message ${index} is off by over 1 ns`);
    });
  });

  test('repeat for the same seed and differ for another', () => {
    const poisson = phase({ arrival: { kind: 'poisson' } });
    expect(allOf([poisson], 1, 3)).toEqual(allOf([poisson], 1, 3));
    expect(allOf([poisson], 1, 3)).not.toEqual(allOf([poisson], 1, 4));
    expect(allOf([phase({})], 1, 3)[0]).not.toBe(allOf([phase({})], 1, 4)[0]);
  });

  test('of Poisson have exponential intervals without memory', () => {
    const times = allOf([phase({ endMs: 100_000, arrival: { kind: 'poisson' } })]);
    expect(Math.abs(times.length - 100_000)).toBeLessThan(4 * Math.sqrt(100_000));
    const gaps = times.slice(1).map((at, index) => at - times[index]!);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(
      gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length,
    );
    expect(deviation / mean).toBeCloseTo(1, 1);
    expect(gaps.filter((gap) => gap > 3 * mean).length / gaps.length).toBeCloseTo(Math.exp(-3), 2);
    expect(Math.abs(sampleCorrelation(gaps.slice(1), gaps.slice(0, -1)))).toBeLessThan(0.02);
  });

  test('of a ramp rise, or fall to nothing, in a straight line', () => {
    const up = perSecond(allOf([phase({ rate: 100, arrival: { kind: 'ramp', to: 1100 } })]), 10);
    up.forEach((count, second) =>
      expect(Math.abs(count - (150 + 100 * second))).toBeLessThanOrEqual(1),
    );
    const down = perSecond(
      allOf([phase({ rate: 1000, arrival: { kind: 'ramp', to: 0.001 } })]),
      10,
    );
    down.forEach((count, second) =>
      expect(Math.abs(count - (950 - 100 * second))).toBeLessThanOrEqual(1),
    );
  });

  test('of a burst come at factor times the rate for the first part of each cycle', () => {
    const burst = phase({
      rate: 100,
      arrival: { kind: 'burst', factor: 10, every: 5000, for: 2000 },
    });
    expect(perSecond(allOf([burst]), 10)).toEqual([
      1000, 1000, 100, 100, 100, 1000, 1000, 100, 100, 100,
    ]);
  });

  test('of steps hold each rate for an equal time', () => {
    const steps = phase({ arrival: { kind: 'step', rates: [100, 500, 50, 200, 1000] } });
    expect(perSecond(allOf([steps]), 10)).toEqual([
      100, 100, 500, 500, 50, 50, 200, 200, 1000, 1000,
    ]);
  });

  test('of a trace follow it, and begin anew one mean interval after its end', () => {
    const trace = phase({ endMs: 250, arrival: { kind: 'trace', atMs: [0, 10, 100] } });
    expect(allOf([trace]).map((at) => Math.round(at / 1e6))).toEqual([0, 10, 100, 150, 160]);
  });

  test('are shared out among workers without losing a message', () => {
    const kinds: PlannedPhase['arrival'][] = [
      { kind: 'constant' },
      { kind: 'ramp', to: 3000 },
      { kind: 'burst', factor: 4, every: 1000, for: 100 },
      { kind: 'step', rates: [10, 1000] },
      { kind: 'trace', atMs: [0, 1, 2, 5, 9] },
    ];
    for (const arrival of kinds) {
      const shared = phase({ arrival });
      const total = [1, 2, 3, 4].reduce((sum, seed) => sum + allOf([shared], 0.25, seed).length, 0);
      expect(Math.abs(total - messagesOf(shared))).toBeLessThanOrEqual(4);
    }
  });

  test('of several phases follow each other at the planned times', () => {
    const times = allOf([
      phase({ startMs: 0, endMs: 1000, rate: 10 }),
      phase({ startMs: 1000, endMs: 2000, rate: 50, arrival: { kind: 'poisson' } }),
      phase({ startMs: 5000, endMs: 6000, rate: 20 }),
    ]);
    const counts = perSecond(times, 6);
    expect([counts[0], counts[2], counts[3], counts[4], counts[5]]).toEqual([10, 0, 0, 0, 20]);
    expect(counts[1]).toBeGreaterThan(20);
  });
});
