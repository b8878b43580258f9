import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { majorityOf, majorityValue } from './quorum.ts';

describe('majorities', () => {
  test('more than half of the voters', () => {
    expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3]);
  });

  test('the majority value is the highest that so many have reached', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 7 }), (values) => {
        const reached = majorityValue([...values]);
        const count = (least: number): number => values.filter((value) => value >= least).length;
        expect(count(reached)).toBeGreaterThanOrEqual(majorityOf(values.length));
        expect(count(reached + 1)).toBeLessThan(majorityOf(values.length));
      }),
    );
  });
});
