import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignPartitions } from './assignor.ts';

function plain(assignment: ReadonlyMap<string, readonly number[]>): Record<string, number[]> {
  return Object.fromEntries([...assignment].map(([member, owned]) => [member, [...owned]]));
}

describe('the assignor', () => {
  test('shares partitions out evenly', () => {
    expect(plain(assignPartitions(['b', 'a'], 5))).toEqual({ a: [0, 1, 2], b: [3, 4] });
  });

  test('leaves members without partitions when there are too many members', () => {
    expect(plain(assignPartitions(['a', 'b', 'c'], 2))).toEqual({ a: [0], b: [1], c: [] });
  });

  test('moves only what a newcomer must get', () => {
    const before = assignPartitions(['a', 'b'], 6);
    expect(plain(assignPartitions(['a', 'b', 'c'], 6, before))).toEqual({
      a: [0, 1],
      b: [3, 4],
      c: [2, 5],
    });
  });

  test('gives the partitions of a dead member to the others and moves nothing else', () => {
    const before = new Map([
      ['a', [0, 1]],
      ['b', [2, 3]],
      ['c', [4, 5]],
    ]);
    expect(plain(assignPartitions(['a', 'c'], 6, before))).toEqual({ a: [0, 1, 2], c: [3, 4, 5] });
  });

  test('is balanced, complete and as sticky as balance allows, whatever was before', () => {
    const members = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
    const counts = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(members, members, counts, (first, second, partitions) => {
        const before = assignPartitions(first, partitions);
        const after = assignPartitions(second, partitions, before);
        const sizes = [...after.values()].map((owned) => owned.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        const all = [...after.values()].flat().sort((left, right) => left - right);
        expect(all).toEqual(Array.from({ length: partitions }, (_, at) => at));
        expect(plain(assignPartitions([...second].reverse(), partitions, before))).toEqual(
          plain(after),
        );
        const ceiling = Math.ceil(partitions / second.length);
        const floor = Math.floor(partitions / second.length);
        for (const member of second) {
          const owned = new Set(after.get(member));
          const had = before.get(member) ?? [];
          const kept = had.filter((partition) => owned.has(partition)).length;
          expect(kept).toBeGreaterThanOrEqual(Math.min(had.length, floor));
          expect(kept).toBeLessThanOrEqual(ceiling);
        }
      }),
      { numRuns: 500, seed: 20 },
    );
  });
});
