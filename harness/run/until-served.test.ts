import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LoadTotals } from './fleet.ts';
import { untilServed } from './until-served.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Counts = Pick<LoadTotals, 'sent' | 'acked' | 'unacked'> & { inFlight?: number };

/** After how many seconds it resolved, and with what; `countsAt`: at this second, from 0. */
async function outcome(countsAt: (second: number) => Counts, patienceMs = 60_000) {
  let second = 0;
  const totals = () => {
    const counts = countsAt(second++);
    return { inFlight: counts.sent - counts.acked - counts.unacked, ...counts } as LoadTotals;
  };
  const fleet = { totals };
  const stop = { sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) };
  const told: { served?: boolean; after?: number } = {};
  void untilServed({ fleet, stop, patienceMs }).then((served) => {
    Object.assign(told, { served, after: Math.round(performance.now() / 1000) });
  });
  const from = Math.round(performance.now() / 1000);
  await vi.advanceTimersByTimeAsync(120_000);
  return { served: told.served, after: (told.after ?? NaN) - from };
}

test('is once all has been acked in time for seven seconds', async () => {
  const counts = (second: number) => ({ sent: 80 * second, acked: 80 * second - 10, unacked: 5 });
  expect(await outcome(counts)).toEqual({ served: true, after: 9 });
});

test('is not while something waits for longer than two seconds, and counts anew then', async () => {
  const stuck = (second: number) => ({ sent: 80 * second, acked: 60 * second, unacked: 0 });
  const served = (second: number) => ({ sent: 80 * second, acked: 80 * second, unacked: 0 });
  const stuckUntil = (last: number) => (second: number) =>
    second < last ? stuck(second + 100) : served(second + 100);
  const again = (second: number) => (second < 6 ? served : stuckUntil(20))(second);
  expect(await outcome(again)).toEqual({ served: true, after: 27 });
  expect(await outcome(stuckUntil(30))).toEqual({ served: true, after: 37 });
  expect(await outcome(stuckUntil(90))).toEqual({ served: false, after: 60 });
});

test('is not where what is answered was not stored, or nothing is sent', async () => {
  const failing = (second: number) => ({
    sent: 80 * second,
    acked: 60 * second,
    unacked: 20 * second,
  });
  expect((await outcome(failing)).served).toBe(false);
  expect((await outcome(() => ({ sent: 9, acked: 9, unacked: 0 }))).served).toBe(false);
});

test('is not kept waiting for what a producer had out when it was killed', async () => {
  const counts = (second: number) => {
    const acked = 80 * second;
    return { sent: acked + 1000, acked, unacked: 0, inFlight: 0 };
  };
  expect(await outcome(counts)).toEqual({ served: true, after: 9 });
});
