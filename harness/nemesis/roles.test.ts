import { describe, expect, test } from 'vitest';
import { nodeOfRole } from './roles.ts';

const roles = { leaders: [2, 2, 1, 3], coordinator: 3 };
const all = [1, 2, 3];

describe('a role', () => {
  test('leader is the node that leads the most partitions', () => {
    for (const pick of [0, 0.5, 0.99]) expect(nodeOfRole('leader', roles, all, pick)).toBe(2);
  });

  test('leader is chosen by the seed among nodes that lead as many', () => {
    const equal = { leaders: [1, 2, 3], coordinator: 1 };
    expect([0, 0.4, 0.9].map((pick) => nodeOfRole('leader', equal, all, pick))).toEqual([1, 2, 3]);
  });

  test('leader is nobody while no leader is known', () => {
    expect(nodeOfRole('leader', { leaders: [0, 0], coordinator: 0 }, all, 0.5)).toBeUndefined();
  });

  test('leader is a node that runs', () => {
    expect(nodeOfRole('leader', roles, [1, 3], 0)).toBe(1);
  });

  test('follower is never the node that would be called leader', () => {
    for (const pick of [0, 0.3, 0.6, 0.99]) {
      const leader = nodeOfRole('leader', roles, all, pick);
      expect(nodeOfRole('follower', roles, all, pick)).not.toBe(leader);
    }
    expect([0, 0.99].map((pick) => nodeOfRole('follower', roles, all, pick))).toEqual([1, 3]);
  });

  test('coordinator is the one that the broker names', () => {
    expect(nodeOfRole('coordinator', roles, all, 0)).toBe(3);
    expect(nodeOfRole('coordinator', { leaders: [], coordinator: 0 }, all, 0)).toBeUndefined();
  });

  test('any-node is chosen by the seed, node-2 is node 2', () => {
    expect([0, 0.5, 0.99].map((pick) => nodeOfRole('any-node', roles, all, pick))).toEqual([
      1, 2, 3,
    ]);
    expect(nodeOfRole('node-2', roles, all, 0)).toBe(2);
    expect(nodeOfRole('node-2', roles, [1, 3], 0)).toBeUndefined();
  });
});
