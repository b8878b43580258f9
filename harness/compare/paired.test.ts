import { describe, expect, test } from 'vitest';
import { draw } from '../scenario/draw.ts';
import { pairedDifference, type Pair } from './paired.ts';

const pairsOf = (...deltas: number[]): Pair[] =>
  deltas.map((delta, index) => ({ from: 100 * index, to: 100 * index + delta }));

/** Near enough to a bell curve: the sum of twelve even draws. */
function bell(seed: number, name: string): number {
  const parts = Array.from({ length: 12 }, (_, part) => draw(seed, `${name} ${part}`));
  return parts.reduce((sum, one) => sum + one, 0) - 6;
}

describe('the difference of pairs', () => {
  test('is their mean difference, with an interval as wide as the pairs disagree', () => {
    const found = pairedDifference(pairsOf(1, 2, 3))!;
    expect(found).toMatchObject({ pairs: 3, from: 100, to: 102, delta: 2 });
    // 4.3027 x 1 / sqrt(3)
    expect(found.low).toBeCloseTo(2 - 2.4842, 3);
    expect(found.high).toBeCloseTo(2 + 2.4842, 3);
  });

  test('does not grow with what both of a pair share', () => {
    const [alike, apart] = [pairsOf(5, 6, 7), [5, 6, 7].map((to) => ({ from: 0, to }))];
    expect(pairedDifference(alike)!.high).toBeCloseTo(pairedDifference(apart)!.high!, 9);
  });

  test('of one pair says nothing of chance, and of none nothing at all', () => {
    expect(pairedDifference(pairsOf(5))).toMatchObject({ delta: 5, low: null, high: null });
    expect(pairedDifference([])).toBeNull();
  });

  test('is right for more pairs than the table of quantiles has', () => {
    const { delta, high } = pairedDifference(pairsOf(...Array.from({ length: 31 }, (_, i) => i)))!;
    // 2.0423 x sqrt(82.667 / 31)
    expect(high! - delta).toBeCloseTo(3.335, 3);
  });

  test.each([2, 4, 8])('holds what is so in 95 of 100 series of %i pairs', (pairs) => {
    const series = 1000;
    let holding = 0;
    for (let seed = 0; seed < series; seed++) {
      const deltas = Array.from({ length: pairs }, (_, pair) => 7 + bell(seed, `${pairs} ${pair}`));
      const { low, high } = pairedDifference(pairsOf(...deltas))!;
      if (low! <= 7 && high! >= 7) holding++;
    }
    expect(holding / series).toBeGreaterThan(0.93);
    expect(holding / series).toBeLessThan(0.97);
  });
});
