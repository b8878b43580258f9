import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Fleet } from './fleet.ts';
import { StopSwitch } from './stop-switch.ts';
import { untilDone } from './until-done.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One producer that acks so many messages a second, from now until it has acked them all. */
function busy(perSecond: number, all: number): Pick<Fleet, 'producers' | 'totals'> {
  const acked = { count: 0 };
  const done = new Promise<void>((resolve) => {
    setInterval(() => {
      acked.count = Math.min(all, acked.count + perSecond);
      if (acked.count === all) resolve();
    }, 1000);
  });
  return {
    producers: [{ done: () => done }],
    totals: () => ({
      sent: all,
      acked: acked.count,
      inFlight: 0,
      delivered: 0,
      responseP99Ms: null,
    }),
  } as unknown as Pick<Fleet, 'producers' | 'totals'>;
}

async function afterMs(fleet: Pick<Fleet, 'producers' | 'totals'>, ms: number) {
  const outcome: { isDone?: boolean } = {};
  void untilDone({ fleet, stop: new StopSwitch(), patienceMs: 5000 }).then((isDone) => {
    outcome.isDone = isDone;
  });
  await vi.advanceTimersByTimeAsync(ms);
  return outcome.isDone;
}

test('a broker that is behind is waited for as long as it gets on', async () => {
  expect(await afterMs(busy(10, 1000), 60_000)).toBeUndefined();
  expect(await afterMs(busy(10, 1000), 101_000)).toBe(true);
});

test('one that gets nowhere is not', async () => {
  expect(await afterMs(busy(0, 1000), 4000)).toBeUndefined();
  expect(await afterMs(busy(0, 1000), 6000)).toBe(false);
});
