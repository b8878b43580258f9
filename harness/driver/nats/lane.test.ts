import { describe, expect, test } from 'vitest';
import { Lane, type Entry } from './lane.ts';

const lane = (): Lane => new Lane(0, 'orders.0');

function entry(of: Lane, sequence: number, attemptAtMs = 0): Entry {
  return {
    sequence,
    lane: of,
    payload: Buffer.alloc(0),
    done: () => undefined,
    takenAtMs: 0,
    tokens: [],
    attemptAtMs,
    mayBeStored: false,
  };
}

const sequences = (entries: readonly Entry[]): number[] => entries.map(({ sequence }) => sequence);

describe('a lane', () => {
  test('that has to send something again tries with the oldest, one at a time', () => {
    const one = lane();
    const [first, second, third] = [entry(one, 1), entry(one, 2), entry(one, 3)];
    one.shut(second, 0);
    one.shut(first, 10);
    one.wait(third);
    expect(one.isOpen).toBe(false);
    expect(one.next(50)).toBeUndefined();
    expect(one.next(200)).toBe(first);
    expect(one.next(10_000)).toBeUndefined();
    one.shut(first, 300);
    expect(one.next(350)).toBeUndefined();
    expect(one.next(400)).toBe(first);
  });

  test('opens with an ack of what was tried, and sends the rest in its order', () => {
    const one = lane();
    const [first, second, third] = [entry(one, 1), entry(one, 2), entry(one, 3)];
    for (const each of [third, first, second]) one.shut(each, 0);
    expect(one.next(200)).toBe(first);
    expect(one.settled(entry(one, 0), true, 250)).toEqual([]);
    expect(one.isOpen).toBe(false);
    expect(sequences(one.settled(first, true, 300))).toEqual([2, 3]);
    expect(one.isOpen).toBe(true);
  });

  test('stays shut when what was tried is given up', () => {
    const one = lane();
    const [first, second] = [entry(one, 1), entry(one, 2)];
    one.shut(first, 0);
    one.wait(second);
    expect(one.next(200)).toBe(first);
    expect(one.settled(first, false, 300)).toEqual([]);
    expect(one.isOpen).toBe(false);
    expect(one.next(400)).toBe(second);
  });

  test('tries with the next one when what was tried is let go, and opens with that one’s ack', () => {
    const one = lane();
    const [first, second, third] = [entry(one, 1), entry(one, 2), entry(one, 3)];
    for (const each of [first, second, third]) one.shut(each, 0);
    expect(one.next(200)).toBe(first);
    one.letGo(second, 300);
    expect(one.next(400)).toBeUndefined();
    one.letGo(first, 700);
    expect(one.next(750)).toBeUndefined();
    expect(one.next(800)).toBe(second);
    expect(one.settled(first, true, 850)).toEqual([]);
    expect(sequences(one.settled(second, true, 900))).toEqual([3]);
  });

  test('forgets what is given up while it waits', () => {
    const one = lane();
    const [first, second] = [entry(one, 1), entry(one, 2)];
    one.shut(first, 0);
    one.wait(second);
    one.settled(first, false, 50);
    expect(one.next(200)).toBe(second);
  });

  test('opens when nobody waits any more', () => {
    const one = lane();
    const first = entry(one, 1);
    one.shut(first, 0);
    one.settled(first, false, 50);
    expect(one.next(200)).toBeUndefined();
    expect(one.isOpen).toBe(true);
  });
});

describe('what is under way is lost', () => {
  test('when its lane has been silent for long, and not while acks come', () => {
    const one = lane();
    one.settled(entry(one, 0, 900), true, 1000);
    const late = entry(one, 1, 950);
    expect(one.isLost(late, 2900)).toBe(false);
    expect(one.isLost(late, 3100)).toBe(true);
    one.settled(entry(one, 2, 960), true, 3000);
    expect(one.isLost(late, 3100)).toBe(false);
  });

  test('when what was sent long after it has been acked', () => {
    const one = lane();
    const overtaken = entry(one, 1, 1000);
    one.settled(entry(one, 2, 3000), true, 3100);
    expect(one.isLost(overtaken, 3100)).toBe(true);
    expect(one.isLost(entry(one, 3, 2500), 3100)).toBe(false);
  });

  test('soon, where it was sent to find out whether anybody answers', () => {
    const one = lane();
    const first = entry(one, 1, 1000);
    one.shut(first, 0);
    expect(one.next(1000)).toBe(first);
    expect(one.isLost(first, 1400)).toBe(false);
    expect(one.isLost(first, 1600)).toBe(true);
  });
});
