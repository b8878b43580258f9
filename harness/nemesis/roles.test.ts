import { describe, expect, test } from 'vitest';
import { nodeOfRole, nodesOfTarget } from './roles.ts';

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

  test('group-leader is the node that leads the most for the groups, and runs', () => {
    const led = { ...roles, groupLeaders: [0, 1, 3, 1, 3, 1] };
    for (const pick of [0, 0.99]) expect(nodeOfRole('group-leader', led, all, pick)).toBe(1);
    expect(nodeOfRole('group-leader', led, [2, 3], 0)).toBe(3);
    const equal = { ...roles, groupLeaders: [3, 1] };
    expect([0, 0.99].map((pick) => nodeOfRole('group-leader', equal, all, pick))).toEqual([1, 3]);
  });

  test('group-leader is nobody while no leader of a group is known', () => {
    const unled = { ...roles, groupLeaders: [0, 0] };
    for (const one of [roles, unled])
      expect(nodeOfRole('group-leader', one, all, 0.5)).toBeUndefined();
  });

  test('any-node is chosen by the seed', () => {
    expect([0, 0.5, 0.99].map((pick) => nodeOfRole('any-node', roles, all, pick))).toEqual([
      1, 2, 3,
    ]);
  });
});

describe('a target', () => {
  test('that names nodes is those of them that can be hit, each once', () => {
    expect(nodesOfTarget('node-2', all)).toEqual([2]);
    expect(nodesOfTarget('node-3+node-1+node-3', all)).toEqual([3, 1]);
    expect(nodesOfTarget('node-2', [1, 3])).toEqual([]);
  });

  test('all-nodes is every node that can be hit', () => {
    expect(nodesOfTarget('all-nodes', [1, 3])).toEqual([1, 3]);
  });

  test('that is a role is nobody by number', () => {
    expect(nodesOfTarget('leader', all)).toBeUndefined();
  });
});
