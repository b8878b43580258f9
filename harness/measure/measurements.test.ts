import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { HistoryHeader } from '../history/events.ts';
import { EntryFlag } from '../history/format.ts';
import { HistoryWriter } from '../history/writer.ts';
import { recordSchema } from '../record/record.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';
import { measure } from './measurements.ts';

const origin = 5e12;
const ms = 1e6;
const phases: PlannedPhase[] = [
  {
    name: 'warm-up',
    startMs: 0,
    endMs: 2000,
    rate: 1000,
    arrival: { kind: 'constant' },
    measured: false,
  },
  {
    name: 'steady',
    startMs: 2000,
    endMs: 7000,
    rate: 1000,
    arrival: { kind: 'constant' },
    measured: true,
  },
];
const consumers = [
  { worker: 1, group: 'a' },
  { worker: 2, group: 'a' },
];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-measure-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function writer(worker: string, role: HistoryHeader['role'], clockDomain = 'here'): HistoryWriter {
  return new HistoryWriter(join(directory, `${worker}.ackh`), {
    version: 1,
    run: 'r',
    worker,
    role,
    clockDomain,
    numbers: [1],
  });
}

function harness(marks: readonly [string, number][]): void {
  const history = writer('harness', 'harness');
  for (const [name, atMs] of marks)
    history.event({ type: 'phase', name, time: origin + atMs * ms });
  history.close();
}

const marks: [string, number][] = [
  ['warm-up', 0],
  ['steady', 2001.5],
  ['drain', 7003],
  ['final-read', 8000],
  ['done', 9000],
];

interface Second {
  windowClosed?: boolean;
  offered?: number;
  due?: number;
  cpuFraction?: number;
}

/** 1,000 messages a second for 7 s; each is offered `lagMs` late and acked 2 ms after that. */
function produce(options: {
  lagMs?: (n: number) => number;
  outcome?: (n: number) => 'ok' | 'fail' | 'info';
  second?: (n: number) => Second;
  serviceMs?: (n: number) => number;
}): void {
  const history = writer('producer-1', 'producer');
  for (let n = 0; n < 7000; n++) {
    const intended = origin + n * ms;
    const sent = intended + (options.lagMs?.(n) ?? 0) * ms;
    history.invoke(1, n, n % 10, intended, sent);
    history.complete(
      1,
      n,
      options.outcome?.(n) ?? 'ok',
      0,
      n,
      1,
      sent + (options.serviceMs?.(n) ?? 2) * ms,
    );
    if (n % 1000 === 999) {
      history.event({
        type: 'second',
        worker: 'producer-1',
        time: origin + (n + 1) * ms,
        due: 1000,
        offered: 1000,
        windowClosed: false,
        eventLoopDelayMicrosP99: 300,
        gcMicros: 1000,
        cpuFraction: 0.2,
        ...options.second?.(Math.floor(n / 1000)),
      });
    }
  }
  history.close();
}

describe('measurements of a history', () => {
  test('tell service, response, lag and end-to-end time apart, over the measured phases', () => {
    harness(marks);
    produce({ lagMs: (n) => (n < 2000 ? 500 : 1) });
    const history = writer('consumer-1', 'consumer');
    for (let n = 0; n < 7000; n++) {
      history.delivery(
        1,
        0,
        n,
        EntryFlag.intact,
        1,
        n,
        n % 10,
        origin + n * ms,
        origin + n * ms + 4 * ms,
      );
    }
    history.close();
    const measured = measure({ directory, phases, consumers });
    expect(measured.latency).toMatchObject({
      service: { count: 5000, p50: 2000, p999: 2000 },
      response: { count: 5000, p50: 3000, p999: 3000 },
      scheduleLag: { count: 5000, p50: 1000 },
      endToEnd: { count: 5000, p50: 4000, max: 4000 },
      failure: { count: 0, p50: null },
    });
    expect(measured.throughput).toMatchObject({ consumed: 1000, targetRate: 1000 });
    expect(Math.abs(measured.throughput.acked - 1000)).toBeLessThan(110);
    expect(
      measured.phases.map(({ name, startMs, endMs, measured: of, offered, acked }) => [
        name,
        startMs,
        endMs,
        of,
        offered,
        acked,
      ]),
    ).toEqual([
      ['warm-up', 0, 2000, false, 2000, 2000],
      ['steady', 2000, 7000, true, 5000, 5000],
      ['drain', 7003, 8000, false, 0, 0],
      ['final-read', 8000, 9000, false, 0, 0],
    ]);
    expect(measured.doubts).toEqual([]);
    recordSchema.shape.latency.parse(measured.latency);
    recordSchema.shape.phases.parse(measured.phases);
    recordSchema.shape.series.parse(measured.series);
    recordSchema.shape.heatMap.parse(measured.heatMap);
    recordSchema.shape.saturation.parse(measured.saturation);
    recordSchema.shape.throughput.parse(measured.throughput);
  });

  test('tell when the first message was acked, whatever failed before', () => {
    harness(marks);
    produce({ outcome: (n) => (n < 10 ? 'fail' : 'ok'), serviceMs: (n) => (n === 10 ? 9 : 2) });
    const { firstAckedNanos } = measure({ directory, phases, consumers });
    expect(firstAckedNanos).toBe(origin + 13 * ms);
  });

  test('keep failures a population of their own, and leave no sample for what never completed', () => {
    harness(marks);
    produce({
      outcome: (n) => (n % 100 === 0 ? 'fail' : n % 100 === 1 ? 'info' : 'ok'),
      serviceMs: (n) => (n % 100 < 2 ? 900 : 2),
    });
    const { latency, series } = measure({ directory, phases, consumers });
    expect(latency.failure).toMatchObject({ count: 100, p50: 900_000 });
    expect(latency.response).toMatchObject({ count: 4900, max: 2000 });
    expect(series.reduce((sum, second) => sum + second.failed, 0)).toBe(70);
    expect(series.reduce((sum, second) => sum + second.unknown, 0)).toBe(70);
  });

  test('tell what became of all that was due, and its p99 with what had no response', () => {
    harness(marks);
    produce({
      outcome: (n) => (n % 200 === 0 ? 'fail' : 'ok'),
      serviceMs: (n) => (n % 200 < 2 ? 900 : 2),
      second: (n) => (n === 4 ? { due: 1010 } : {}),
    });
    const { due, dueResponseP99Ms, latency } = measure({ directory, phases, consumers });
    expect(due).toEqual({ due: 5010, acked: 4975, failed: 25 });
    expect(latency.response.p99! / 2000).toBeCloseTo(1, 2);
    expect(dueResponseP99Ms).toBeCloseTo(900, 0);
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'ackworth-measure-'));
    harness(marks);
    produce({ outcome: (n) => (n % 100 < 2 ? 'fail' : 'ok') });
    expect(measure({ directory, phases, consumers }).dueResponseP99Ms).toBeNull();
  });

  test('show a stall as latency in the seconds in which its acks came, and in the heat map', () => {
    harness(marks);
    produce({ serviceMs: (n) => (n >= 3000 && n < 4000 ? 4005 - n : 2) });
    const { series, heatMap } = measure({ directory, phases, consumers });
    expect(series).toHaveLength(8);
    expect(series[3]).toMatchObject({ atMs: 3000, widthMs: 1000, due: 1000, offered: 1000 });
    expect(series[3]!.acked).toBe(2);
    expect(series[4]!.acked).toBe(1998);
    expect(series[4]!.responseMax).toBe(1_005_000);
    expect(series[5]!.responseP99! / 2000).toBeCloseTo(1, 1);
    const bucket = Math.floor(8 * Math.log2(1_005_000));
    expect(heatMap.find(({ atMs }) => atMs === 4000)!.cells.map(([cell]) => cell)).toContain(
      bucket,
    );
    expect(heatMap.flatMap(({ cells }) => cells).reduce((sum, [, count]) => sum + count, 0)).toBe(
      7000,
    );
  });

  test('count a delivery once per group, whichever consumer had it first', () => {
    harness(marks);
    produce({});
    const first = writer('consumer-1', 'consumer');
    const second = writer('consumer-2', 'consumer');
    const deliver = (history: HistoryWriter, n: number, afterMs: number) =>
      history.delivery(
        1,
        0,
        n,
        EntryFlag.intact,
        1,
        n,
        0,
        origin + n * ms,
        origin + (n + afterMs) * ms,
      );
    for (let n = 0; n < 4000; n++) deliver(first, n, 3);
    // The second takes over, from a little before, and the first comes back at the end.
    for (let n = 3900; n < 6000; n++) deliver(second, n, 150);
    for (let n = 5990; n < 7000; n++) deliver(first, n, 300);
    first.close();
    second.close();
    const { latency, series } = measure({ directory, phases, consumers });
    expect(series.reduce((sum, each) => sum + each.consumed, 0)).toBe(7000);
    expect(latency.endToEnd).toMatchObject({ count: 5000, min: 3000, max: 300_000 });
    expect(latency.endToEnd.p50! / 150_000).toBeCloseTo(1, 3);
    expect(series.at(-1)!.lag).toBe(0);
    expect(series[4]!.lag).toBeGreaterThan(100);
  });

  test('take the slowest of several groups for the lag, and never what is corrupt or foreign', () => {
    harness(marks);
    produce({});
    const fast = writer('consumer-1', 'consumer');
    const slow = writer('consumer-2', 'consumer');
    for (let n = 0; n < 7000; n++) {
      const flags =
        n % 2 === 0 ? EntryFlag.intact : n % 4 === 1 ? 0 : EntryFlag.intact | EntryFlag.foreign;
      fast.delivery(1, 0, n, EntryFlag.intact, 1, n, 0, origin + n * ms, origin + n * ms + 2 * ms);
      slow.delivery(2, 0, n, flags, 1, n, 0, origin + n * ms, origin + n * ms + 2 * ms);
    }
    fast.close();
    slow.close();
    const groups = [consumers[0]!, { worker: 2, group: 'b' }];
    const { series, throughput, latency } = measure({ directory, phases, consumers: groups });
    expect(series.at(-1)!.lag).toBe(3500);
    expect(throughput.consumed).toBeCloseTo(500, -1);
    expect(latency.endToEnd.count).toBe(7500);
  });

  test('refuse end-to-end times across clock domains, and say so', () => {
    harness(marks);
    produce({});
    const history = writer('consumer-1', 'consumer', 'elsewhere');
    history.delivery(1, 0, 0, EntryFlag.intact, 1, 3000, 0, origin, origin + 4 * ms);
    history.close();
    const { latency, doubts } = measure({ directory, phases, consumers });
    expect(latency.endToEnd.count).toBe(0);
    expect(doubts).toEqual([expect.stringMatching(/another machine/)]);
  });

  test('say so when times are negative, since the rest of them tells nothing', () => {
    harness(marks);
    produce({ serviceMs: (n) => (n % 10 === 0 ? 2 : -2) });
    const { latency, doubts } = measure({ directory, phases, consumers });
    expect(latency.response).toMatchObject({ count: 500, negative: 4500 });
    expect(doubts).toEqual([
      'clocks disagree: 4,500 of 5,000 service times are negative and left out',
      'clocks disagree: 4,500 of 5,000 response times are negative and left out',
    ]);
  });

  test('leave out a consumer that the plan does not know', () => {
    harness(marks);
    produce({});
    for (const worker of ['consumer-1', 'consumer-9', 'consumer-1x']) {
      const history = writer(worker, 'consumer');
      for (let n = 0; n < (worker === 'consumer-1' ? 10 : 20); n++) {
        history.delivery(1, 0, n, EntryFlag.intact, 1, n, 0, origin + n * ms, origin + n * ms + ms);
      }
      history.close();
    }
    const { series } = measure({ directory, phases, consumers });
    expect(series.reduce((sum, { consumed }) => sum + consumed, 0)).toBe(10);
  });

  test('count again what is delivered anew after a rewind to where the log was cut', () => {
    harness(marks);
    produce({});
    const history = writer('consumer-1', 'consumer');
    const deliver = (n: number, sequence: number) =>
      history.delivery(
        1,
        0,
        n,
        EntryFlag.intact,
        1,
        sequence,
        0,
        origin + sequence * ms,
        origin + sequence * ms + ms,
      );
    for (let n = 0; n < 10; n++) deliver(n, n);
    history.position('diverged', 1, 0, 6, origin + 20 * ms);
    for (let n = 6; n < 16; n++) deliver(n, 100 + n);
    history.close();
    const { series } = measure({ directory, phases, consumers });
    expect(series.reduce((sum, { consumed }) => sum + consumed, 0)).toBe(20);
  });

  test('fold the seconds of a long run into at most 600 windows without losing a count', () => {
    harness([
      ['warm-up', 0],
      ['steady', 2000],
      ['done', 3_600_000],
    ]);
    const history = writer('producer-1', 'producer');
    for (let second = 0; second < 3600; second++) {
      for (let n = 0; n < 5; n++) {
        const sequence = second * 5 + n;
        const intended = origin + second * 1e9 + n * 1e8;
        history.invoke(1, sequence, 0, intended, intended);
        history.complete(1, sequence, 'ok', 0, sequence, 1, intended + 2 * ms);
      }
    }
    history.close();
    const long: PlannedPhase[] = [phases[0]!, { ...phases[1]!, endMs: 3_600_000, rate: 5 }];
    const { series, heatMap, throughput } = measure({ directory, phases: long, consumers: [] });
    expect(series.length).toBe(450);
    expect(series.every(({ acked, widthMs }) => acked === 40 && widthMs === 8000)).toBe(true);
    expect(series[10]).toMatchObject({ atMs: 80_000, responseP99: null });
    expect(series[10]!.responseP50! / 2000).toBeCloseTo(1, 1);
    expect(heatMap.length).toBe(150);
    expect(throughput.acked).toBeCloseTo(5, 2);
  });

  test('of a harness that was killed before its first phase count from the first message', () => {
    produce({});
    expect(measure({ directory, phases, consumers })).toMatchObject({
      originNanos: origin,
      latency: { response: { count: 5000 } },
    });
  });

  test('of a run that was ended early stop at its drain', () => {
    harness([
      ['warm-up', 0],
      ['steady', 2000],
      ['drain', 4000],
      ['done', 4500],
    ]);
    produce({});
    const { phases: found, latency } = measure({ directory, phases, consumers });
    expect(found.map(({ name, endMs }) => [name, endMs])).toEqual([
      ['warm-up', 2000],
      ['steady', 4000],
      ['drain', 4500],
    ]);
    expect(latency.response.count).toBe(2000);
  });
});

describe('the generator is called saturated', () => {
  function saturation(options: Parameters<typeof produce>[0]) {
    harness(marks);
    produce(options);
    return measure({ directory, phases, consumers });
  }

  test('when it offered less than 99 % of what was due in more than 1 % of the open seconds', () => {
    const { saturation: found, doubts } = saturation({
      second: (n) => ({ offered: n === 4 ? 989 : 1000 }),
    });
    expect(found).toMatchObject({ saturated: true, shortSecondsFraction: 1 / 5 });
    expect(doubts[0]).toMatch(/saturated/);
  });

  test('but not for 99 % itself', () => {
    expect(saturation({ second: () => ({ offered: 990 }) }).saturation.saturated).toBe(false);
  });

  test('but not for seconds in which the broker held the window shut', () => {
    const { saturation: found } = saturation({
      lagMs: (n) => (n >= 3000 && n < 4000 ? 700 : 0),
      second: (n) => (n === 3 ? { windowClosed: true, offered: 300 } : {}),
    });
    expect(found).toMatchObject({ saturated: false, shortSecondsFraction: 0 });
    expect(found.scheduleLagP99Micros).toBe(0);
  });

  test('when its own lag has a p99 above 5 ms, unless that is under a tenth of the response', () => {
    expect(saturation({ lagMs: () => 4.8 }).saturation.saturated).toBe(false);
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'ackworth-measure-'));
    expect(saturation({ lagMs: () => 5.3 }).saturation.saturated).toBe(true);
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'ackworth-measure-'));
    expect(saturation({ lagMs: () => 5.3, serviceMs: () => 100 }).saturation.saturated).toBe(false);
  });

  test('but not for what happened in the warm-up', () => {
    const { saturation: found } = saturation({
      lagMs: (n) => (n < 1500 ? 50 : 0),
      second: (n) => (n === 1 ? { offered: 100 } : {}),
    });
    expect(found).toMatchObject({ saturated: false, scheduleLagP99Micros: 0 });
  });

  test('with its event loop, collector and processor time on record', () => {
    const { saturation: found } = saturation({
      second: (n) => ({ cpuFraction: n === 3 ? 0.9 : 0.1 }),
    });
    expect(found.cpuFractionMax).toBe(0.9);
    expect(found.gcFraction).toBeCloseTo(0.001, 6);
    expect(found.eventLoopDelayP99Micros).toBe(300);
  });
});
