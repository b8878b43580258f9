import { describe, expect, test } from 'vitest';
import { SimProcess } from './process.ts';
import { SimRandom } from './random.ts';
import { SimScheduler } from './scheduler.ts';

describe('the simulated event loop', () => {
  test('events fire in order of time, then in the order they were asked for', async () => {
    const scheduler = new SimScheduler();
    const seen: string[] = [];
    scheduler.schedule(2, () => seen.push('late'));
    scheduler.schedule(1, () => seen.push('first of two'));
    scheduler.schedule(1, () => seen.push('second of two'));
    scheduler.schedule(1, () => seen.push('cancelled')).cancel();
    await scheduler.run({ untilMs: 10 });
    expect(seen).toEqual(['first of two', 'second of two', 'late']);
    expect(scheduler.nowMs()).toBe(10);
  });

  test('promises run their course, and deferred calls follow, before time moves', async () => {
    const scheduler = new SimScheduler();
    const seen: string[] = [];
    scheduler.schedule(1, () => {
      scheduler.defer(() => seen.push('deferred'));
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push('promise'));
    });
    scheduler.schedule(1, () => seen.push('next event'));
    await scheduler.run({ untilMs: 1 });
    expect(seen).toEqual(['promise', 'deferred', 'next event']);
  });

  test('many events come out sorted', async () => {
    const scheduler = new SimScheduler();
    const random = new SimRandom(7);
    const seen: number[] = [];
    for (let event = 0; event < 500; event++) {
      const atMs = random.below(100);
      scheduler.schedule(atMs, () => seen.push(atMs));
    }
    await scheduler.run({ untilMs: Infinity });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen).toHaveLength(500);
  });

  test('what an event throws rejects the run', async () => {
    const scheduler = new SimScheduler();
    scheduler.schedule(1, () => {
      throw new Error('boom');
    });
    await expect(scheduler.run({ untilMs: 2 })).rejects.toThrow('boom');
  });
});

describe('a simulated process', () => {
  test('a killed life gets nothing that it waited for', async () => {
    const scheduler = new SimScheduler();
    const process = new SimProcess(scheduler);
    const seen: string[] = [];
    process.setTimer(1, () => seen.push('old life'));
    process.kill();
    process.setTimer(2, () => seen.push('new life'));
    await scheduler.run({ untilMs: 5 });
    expect(seen).toEqual(['new life']);
  });

  test('a paused one gets everything at once when it resumes, in order', async () => {
    const scheduler = new SimScheduler();
    const process = new SimProcess(scheduler);
    const seen: [string, number][] = [];
    process.setTimer(1, () => seen.push(['a', process.monotonicMs()]));
    process.setTimer(3, () => seen.push(['b', process.monotonicMs()]));
    const cancelled = process.setTimer(3, () => seen.push(['cancelled', 0]));
    process.pause();
    scheduler.schedule(9, () => {
      cancelled.cancel();
      process.resume();
    });
    await scheduler.run({ untilMs: 20 });
    expect(seen).toEqual([
      ['a', 9],
      ['b', 9],
    ]);
  });
});
