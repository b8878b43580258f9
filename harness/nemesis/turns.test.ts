import { describe, expect, test } from 'vitest';
import { faults } from '../fault/registry.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { Turns } from './turns.ts';

type Span = readonly [kind: string, atMs: number, healAtMs: number | null, after?: number];

/** Faults that are numbered in this order. */
function plan(spans: readonly Span[]): PlannedFault[] {
  return spans.map(([kind, atMs, healAtMs, after = null], id) => ({
    id,
    phase: 'a',
    kind,
    target: 'leader',
    options: {},
    atMs,
    healAtMs,
    after,
    pick: 0,
    seed: 1,
  }));
}

class Rig {
  readonly #plan: readonly PlannedFault[];
  readonly #turns: Turns;

  constructor(...spans: readonly Span[]) {
    this.#plan = plan(spans);
    this.#turns = new Turns(this.#plan, faults);
  }

  /** Whether this fault may strike these victims at once. */
  has(id: number, ...victims: readonly string[]): boolean {
    return this.turn(id, ...victims) === undefined;
  }

  turn(id: number, ...victims: readonly string[]): Promise<void> | undefined {
    return this.#turns.place(this.#plan[id]!, victims);
  }

  healing(id: number): void {
    this.#turns.healing(this.#plan[id]!);
  }

  over(id: number): void {
    this.#turns.over(this.#plan[id]!);
  }
}

describe('a fault', () => {
  test('waits for one that was to be over before it, however late that is', async () => {
    const turns = new Rig(['kill', 0, 100], ['pause', 100, 200]);
    expect(turns.has(0, 'node 1')).toBe(true);
    const turn = turns.turn(1, 'node 1', 'node 2');
    turns.healing(0);
    expect(turns.has(1, 'node 1')).toBe(false);
    turns.over(0);
    await turn;
    expect(turns.has(1, 'node 1')).toBe(true);
  });

  test('of three in a row is the third, also where all wait for the first', () => {
    const turns = new Rig(['kill', 0, 20], ['pause', 40, 140], ['stop', 160, 200]);
    expect(turns.has(0, 'node 1')).toBe(true);
    expect([turns.has(1, 'node 1'), turns.has(2, 'node 1')]).toEqual([false, false]);
    turns.over(0);
    expect([turns.has(2, 'node 1'), turns.has(1, 'node 1')]).toEqual([false, true]);
    turns.over(1);
    expect(turns.has(2, 'node 1')).toBe(true);
  });

  test('waits until it is known whom one before it strikes, or that it strikes nobody', async () => {
    const turns = new Rig(['kill', 0, 100], ['pause', 150, 350]);
    const turn = turns.turn(1, 'node 1');
    expect(turn).toBeDefined();
    expect(turns.has(0, 'node 2')).toBe(true);
    await turn;
    expect(turns.has(1, 'node 1')).toBe(true);

    const others = new Rig(['kill', 0, 100], ['pause', 150, 350]);
    const untold = others.turn(1, 'node 1');
    others.over(0);
    await untold;
    expect(others.has(1, 'node 1')).toBe(true);
  });

  test('waits for nobody on another victim', () => {
    const turns = new Rig(['kill', 0, 100], ['pause', 100, 200]);
    turns.has(0, 'node 1');
    turns.healing(0);
    expect(turns.has(1, 'node 2')).toBe(true);
  });

  test('that the plan has beside another strikes beside it, but not while that heals and is like it', () => {
    const beside = new Rig(['kill', 0, 100], ['pause', 99, 200], ['kill', 99, 200]);
    beside.has(0, 'node 1');
    expect([beside.has(1, 'node 1'), beside.has(2, 'node 1')]).toEqual([true, true]);
    beside.healing(0);
    expect([beside.has(1, 'node 1'), beside.has(2, 'node 1')]).toEqual([true, false]);
  });

  test('does not wait for a later one, nor for one that begins with it', () => {
    const turns = new Rig(['kill', 100, 200], ['pause', 0, 50], ['stop', 100, 100]);
    turns.has(2, 'node 1');
    turns.over(1);
    expect(turns.has(0, 'node 1')).toBe(true);
  });

  test('of another kind does not wait for faults of links; of the same kind it does', () => {
    const turns = new Rig(['cut', 0, 100], ['kill', 150, 200], ['cut', 150, 200]);
    turns.has(0, 'node 1');
    expect([turns.has(1, 'node 1'), turns.has(2, 'node 1')]).toEqual([true, false]);
  });

  test('does not wait for one without an end, nor in a chain, nor does a chain wait', () => {
    const restart = new Rig(['restart', 0, null], ['kill', 100, 200]);
    restart.has(0, 'node 1');
    expect(restart.has(1, 'node 1')).toBe(true);
    const chain = new Rig(['kill', 0, 50], ['stop', 60, 70, 0], ['pause', 100, 200]);
    chain.has(1, 'node 1');
    chain.over(0);
    expect(chain.has(2, 'node 1')).toBe(true);
    const chained = new Rig(['kill', 0, 50], ['stop', 60, 70, 0]);
    chained.has(0, 'node 1');
    expect(chained.has(1, 'node 1')).toBe(true);
  });
});
