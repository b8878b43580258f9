import { describe, expect, test } from 'vitest';
import type { SuiteMode } from '../record/suite.ts';
import type { GridCell } from './grid-cell.ts';
import { ordered } from './order.ts';

const modes = ['a', 'b', 'c', 'd'].map((id): SuiteMode => ({
  id,
  target: 'reference',
  cluster: 'process',
  flush: 'sync',
  replication: 'quorum',
  nodes: 3,
  flushIntervalMs: 100,
  axes: {},
}));
const works: GridCell['work'][] = [
  ...[1, 2, 3, 4, 5, 6].map((rate) => ({ kind: 'price' as const, rate })),
  { kind: 'worth', fault: 'kill-leader' },
  { kind: 'worth', fault: 'power-cut-all' },
];
const cells = modes.flatMap((mode) =>
  works.map((work, index) => ({ id: `${mode.id}-${index}`, mode, work, repeat: 1 })),
);
const idsOf = (seed: number): string[] => ordered(cells, seed).map(({ id }) => id);

describe('the order of the cells', () => {
  test('is the same for the same seed, whatever the order they are named in', () => {
    expect(idsOf(7)).toEqual(idsOf(7));
    expect(ordered(cells.toReversed(), 7).map(({ id }) => id)).toEqual(idsOf(7));
  });

  test('is another for another seed, and of all cells', () => {
    expect(idsOf(8)).not.toEqual(idsOf(7));
    expect(idsOf(8).toSorted()).toEqual(idsOf(7).toSorted());
    expect(ordered(cells, 7).map(({ order }) => order)).toEqual(cells.map((_, i) => i + 1));
  });

  test('gives each mode one turn per round, in an order that changes', () => {
    const turns = ordered(cells, 7).map(({ mode }) => mode.id);
    const rounds = Array.from({ length: 8 }, (_, round) => turns.slice(round * 4, round * 4 + 4));
    for (const round of rounds) expect(round.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(new Set(rounds.map((round) => round.join(''))).size).toBeGreaterThan(1);
  });

  test('spreads the few of one kind among the many of the other', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const kinds = ordered(cells, seed)
        .filter(({ mode }) => mode.id === 'a')
        .map(({ work }) => work.kind);
      // One of the two in each half of the mode's time.
      expect(kinds.slice(0, 5)).toContain('worth');
      expect(kinds.slice(3)).toContain('worth');
    }
  });
});
