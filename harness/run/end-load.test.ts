import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Plan, PlannedPhase } from '../scenario/plan-types.ts';
import { endLoad } from './end-load.ts';
import type { Fleet } from './fleet.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const plan = {
  faults: [{}],
  producers: [{}, {}],
  phases: [{ endMs: 40_000, rate: 2000 }],
  scenario: { drain: 60_000, topic: { partitions: 4 }, workload: { deliveryTimeout: 30_000 } },
} as unknown as Plan;

/** A fleet of one producer with 100 messages out, of which nothing is heard until `servedAtMs`. */
function stalled(servedAtMs: number) {
  let goesOn: PlannedPhase | undefined;
  let sent = 100;
  let tellDone = (): void => undefined;
  const done = new Promise<void>((resolve) => (tellDone = resolve));
  const from = performance.now();
  const log: string[] = [];
  const producer = {
    done: () => done,
    goOn: (phase: PlannedPhase) => {
      goesOn = phase;
      log.push('goes on');
    },
    enough: () => {
      log.push(`ends after ${Math.round((performance.now() - from) / 1000)} s`);
      if (performance.now() - from >= servedAtMs) tellDone();
    },
  };
  const totals = () => {
    const seconds = Math.floor((performance.now() - from) / 1000);
    if (goesOn !== undefined && log.length === 1) sent = 100 + seconds;
    const acked = seconds * 1000 >= servedAtMs ? sent : 0;
    return { sent, acked, unacked: 0, inFlight: sent - acked };
  };
  const fleet = { producers: [producer], totals } as unknown as Fleet;
  return { fleet, log, tellDone, phase: () => goesOn };
}

async function ended({ fleet }: { fleet: Fleet }, given: Plan, ms: number) {
  const sentences: string[] = [];
  const told: { done?: boolean } = {};
  void endLoad({
    plan: given,
    fleet,
    stop: stopSwitch,
    originNanos: 0,
    onGoOn: (sentence) => sentences.push(sentence),
  }).then((done) => (told.done = done));
  await vi.advanceTimersByTimeAsync(ms);
  return { ...told, sentences };
}

const stopSwitch = {
  unlessStopped: <T>(promise: Promise<T>) => promise,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
};

test('a load that a fault has stalled goes on a little until all is served again', async () => {
  const fleet = stalled(20_000);
  const { done, sentences } = await ended(fleet, plan, 40_000);
  expect(done).toBe(true);
  expect(sentences).toHaveLength(1);
  expect(sentences[0]).toContain('goes on with 160 messages/s until all is served again');
  expect(fleet.phase()).toMatchObject({ rate: 160, measured: false, name: 'drain' });
  expect(fleet.log[0]).toBe('goes on');
  // Seven seconds have to hold.
  expect(fleet.log[1]).toMatch(/^ends after 2[789] s$/);
});

test('one that is served no more ends with the drain, and is told of', async () => {
  const fleet = stalled(Infinity);
  const { done } = await ended(fleet, plan, 3000 + 60_000 + 40_000 + 5000);
  expect(done).toBe(false);
  expect(fleet.log[1]).toMatch(/^ends after 6[3-5] s$/);
});

test('a load without faults does not go on, however slow its broker is', async () => {
  const fleet = stalled(Infinity);
  expect((await ended(fleet, { ...plan, faults: [] }, 39_000)).done).toBeUndefined();
  expect(fleet.log).toEqual([]);
});

test('nothing goes on where all was answered', async () => {
  const fleet = stalled(Infinity);
  fleet.tellDone();
  expect((await ended(fleet, plan, 1000)).done).toBe(true);
  expect(fleet.log).toEqual([]);
});
