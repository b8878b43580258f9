import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Done, OutgoingMessage, Producer, ProducerOptions, Target } from '../driver/driver.ts';
import { nullDriver } from '../driver/null/driver.ts';
import type { NullOptions } from '../driver/null/driver.ts';
import type { HistoryEvent, WorkerSecondEvent } from '../history/events.ts';
import { readHistory } from '../history/reader.ts';
import { HistoryWriter } from '../history/writer.ts';
import { measure } from '../measure/measurements.ts';
import type { Measurements } from '../measure/measurements.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';
import type { ProducerAssignment } from './control.ts';
import { Generator } from './generator.ts';
import type { Meter } from './meter.ts';
import { PayloadReader } from './payload.ts';
import { SimulatedClock } from './simulated-clock.ts';

const idle: Meter = {
  sample: () => ({ eventLoopDelayMicrosP99: 0, gcMicros: 0, cpuFraction: 0 }),
  close: () => undefined,
};
const target: Target = { addresses: [], token: '', topic: 't' };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-generator-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function phase(seconds: number, rate = 1000): PlannedPhase {
  return {
    name: 'steady',
    startMs: 0,
    endMs: seconds * 1000,
    rate,
    arrival: { kind: 'constant' },
    measured: true,
  };
}

function assignmentOf(phases: readonly PlannedPhase[], inFlightMax: number): ProducerAssignment {
  return {
    kind: 'producer',
    producer: 1,
    seed: 11,
    share: 1,
    phases,
    sizeBytes: 100,
    keys: 50,
    options: {
      inFlightMax,
      lingerMs: 0,
      batchBytesMax: 65_536,
      deliveryTimeoutMs: 30_000,
      idempotent: false,
    },
  };
}

interface Rig {
  readonly clock: SimulatedClock;
  readonly generator: Generator;
  readonly failures: unknown[];
  readonly file: string;
  readonly isDone: () => boolean;
}

async function rig(options: {
  readonly assignment: ProducerAssignment;
  readonly createProducer: (clock: SimulatedClock, options: ProducerOptions) => Promise<Producer>;
  readonly onFlush?: () => void;
  readonly clock?: SimulatedClock;
}): Promise<Rig> {
  const clock = options.clock ?? new SimulatedClock();
  const file = join(directory, 'producer-1.ackh');
  const history = new HistoryWriter(file, {
    version: 1,
    run: 'r',
    worker: 'producer-1',
    role: 'producer',
    clockDomain: 'sim',
    numbers: [1],
  });
  const failures: unknown[] = [];
  let done = false;
  const generator = new Generator({
    run: 'r',
    worker: 'producer-1',
    assignment: options.assignment,
    history: {
      invoke: (...entry) => history.invoke(...entry),
      complete: (...entry) => history.complete(...entry),
      event: (event) => history.event(event),
      flush: () => {
        history.flush();
        options.onFlush?.();
      },
    },
    clock,
    meter: idle,
    createProducer: (producerOptions) => options.createProducer(clock, producerOptions),
    onNote: () => undefined,
    onProgress: () => undefined,
    onDone: () => {
      done = true;
    },
    onFailed: (error) => failures.push(error),
  });
  await generator.prepare();
  return { clock, generator, failures, file, isDone: () => done };
}

/** Runs the whole load against the null driver, and measures the history that it left. */
async function measured(
  assignment: ProducerAssignment,
  nullOptions: Omit<NullOptions, 'timers'>,
  givenClock = new SimulatedClock(),
): Promise<Measurements> {
  const { clock, generator, failures, isDone } = await rig({
    assignment,
    clock: givenClock,
    createProducer: async (timers, options) =>
      (await nullDriver({ timers, ...nullOptions }).connect(target)).createProducer(options),
  });
  const origin = clock.nanos();
  generator.start(origin);
  clock.run();
  await new Promise((resolve) => setImmediate(resolve));
  expect(failures).toEqual([]);
  expect(isDone()).toBe(true);
  const harness = new HistoryWriter(join(directory, 'harness.ackh'), {
    version: 1,
    run: 'r',
    worker: 'harness',
    role: 'harness',
    clockDomain: 'sim',
    numbers: [],
  });
  harness.event({ type: 'phase', name: 'steady', time: origin });
  harness.close();
  return measure({ directory, phases: assignment.phases, consumers: [] });
}

describe('no wait is left out of the response time', () => {
  test('a stall of 1.4 s with one message in flight makes a response p99 of 1.101 s and a service p99 under 10 ms', async () => {
    const { latency, saturation, series } = await measured(assignmentOf([phase(30)], 1), {
      serviceMs: 0,
      stall: { atMs: 10_000, forMs: 1400 },
    });
    expect(latency.response.count).toBe(30_000);
    expect(Math.abs(latency.response.p99! / 1_101_000 - 1)).toBeLessThan(0.01);
    expect(latency.response.max! / 1_400_000).toBeCloseTo(1, 2);
    expect(latency.service.p99).toBeLessThan(10_000);
    expect(saturation.saturated).toBe(false);
    expect(series.reduce((sum, { due }) => sum + due, 0)).toBe(30_000);
    expect(series.find(({ atMs }) => atMs === 10_000)!.acked).toBeLessThan(10);
  });

  test('the same stall with an open window reads 1.1 s in both, since nothing waited to be sent', async () => {
    const { latency } = await measured(assignmentOf([phase(30)], 10_000), {
      serviceMs: 0,
      stall: { atMs: 10_000, forMs: 1400 },
    });
    expect(Math.abs(latency.response.p99! / 1_101_000 - 1)).toBeLessThan(0.01);
    expect(Math.abs(latency.service.p99! / 1_101_000 - 1)).toBeLessThan(0.01);
  });

  test('a constant 0.4 ms reads 0.4 ms within 0.2 %', async () => {
    const { latency } = await measured(assignmentOf([phase(5)], 10_000), { serviceMs: 0.4 });
    for (const seen of [latency.response, latency.service]) {
      for (const read of [seen.min, seen.mean, seen.p50, seen.p99, seen.p999, seen.max]) {
        expect(Math.abs(read! / 400 - 1)).toBeLessThan(0.002);
      }
    }
    expect(latency.scheduleLag.max).toBe(0);
  });

  test('a broker that is slower than the load shows as response time, never as a lower rate of what is due', async () => {
    // One in flight and 2 ms of service: 500 a second of the 1,000 that are due.
    const { latency, series, saturation } = await measured(assignmentOf([phase(10)], 1), {
      serviceMs: 2,
    });
    expect(latency.response.count).toBe(10_000);
    expect(latency.response.max! / 10_000_000).toBeCloseTo(1, 2);
    expect(latency.service.p99! / 2000).toBeCloseTo(1, 3);
    expect(series.slice(0, 10).every(({ due }) => due === 1000)).toBe(true);
    expect(saturation.saturated).toBe(false);
  });

  test('what is overdue is left out once its time is over, and only then', async () => {
    const slow = assignmentOf([phase(10)], 1);
    const cut = await measured({ ...slow, sendUntilMs: 12_000 }, { serviceMs: 2 });
    // 500 a second for 12 s.
    expect(cut.latency.response.count).toBeGreaterThanOrEqual(5999);
    expect(cut.latency.response.count).toBeLessThanOrEqual(6001);
  });

  test('a broker that keeps up is sent all, whatever time there is for what is overdue', async () => {
    const quick = { ...assignmentOf([phase(10)], 100), sendUntilMs: 10_000 };
    expect((await measured(quick, { serviceMs: 2 })).latency.response.count).toBe(10_000);
  });
});

/** Sleeps for 0.9 s in every 5 s, all that runs in its process. */
function sleepyClock(): SimulatedClock {
  const start = 1e12;
  return new SimulatedClock(start, (nanos) => {
    const into = (nanos - start) % 5e9;
    return into < 4e9 || into >= 4.9e9 ? nanos : nanos - into + 4.9e9;
  });
}

describe('a generator that is held up itself', () => {
  test.each([300, 1000, 10_000])('is saturated, with %d in flight at most', async (inFlightMax) => {
    const { saturation, doubts } = await measured(
      assignmentOf([phase(30)], inFlightMax),
      { serviceMs: 0.5 },
      sleepyClock(),
    );
    expect(saturation.saturated).toBe(true);
    expect(saturation.scheduleLagP99Micros).toBeGreaterThan(500_000);
    expect(doubts.join()).toMatch(/saturated/);
  });

  test('is not, where the window was shut by the broker before', async () => {
    const { saturation } = await measured(assignmentOf([phase(30)], 300), {
      serviceMs: 0.5,
      stall: { atMs: 10_000, forMs: 4000 },
    });
    expect(saturation.saturated).toBe(false);
  });
});

/** A producer under the test's control. */
class ManualProducer implements Producer {
  readonly sent: { message: OutgoingMessage; done: Done; text: string }[] = [];
  accepts = true;

  send(message: OutgoingMessage, done: Done): boolean {
    if (!this.accepts) return false;
    this.sent.push({ message, done, text: message.payload.toString('hex') });
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function manual(assignment: ProducerAssignment, onFlush?: () => void) {
  const producer = new ManualProducer();
  let drain = () => undefined as void;
  let fail: (error: Error) => void = () => undefined;
  const built = await rig({
    assignment,
    createProducer: async (_clock, options) => {
      drain = options.onDrain;
      fail = options.onFailed;
      return producer;
    },
    ...(onFlush && { onFlush }),
  });
  return { ...built, producer, drain: () => drain(), fail: (error: Error) => fail(error) };
}

function eventsOf(file: string): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const keep = (event: HistoryEvent) => void events.push({ ...event });
  readHistory(file, { invoke: keep, complete: keep, second: keep, note: keep });
  return events;
}

describe('the generator', () => {
  test('has an invoke in the kernel before its message goes to the driver', async () => {
    let flushed = -1;
    const { clock, generator, producer, file } = await manual(
      assignmentOf([phase(1)], 10_000),
      () => {
        flushed = eventsOf(file).filter(({ type }) => type === 'invoke').length;
      },
    );
    const send = producer.send.bind(producer);
    producer.send = (message, done) => {
      expect(flushed).toBeGreaterThan(producer.sent.length);
      return send(message, done);
    };
    generator.start(clock.nanos());
    clock.run(clock.nanos() + 50e6);
    expect(producer.sent.length).toBeGreaterThan(40);
  });

  test('fills payloads that tell where they are from, each unlike the other', async () => {
    const { clock, generator, producer } = await manual(assignmentOf([phase(1)], 10_000));
    const origin = clock.nanos();
    generator.start(origin);
    clock.run(origin + 20.5e6);
    const reader = new PayloadReader('r');
    producer.sent.forEach(({ message }, index) => {
      reader.read(message.payload);
      expect(reader).toMatchObject({
        producer: 1,
        sequence: index,
        key: message.key,
        intact: true,
        foreign: false,
      });
      expect(reader.intended).toBeLessThanOrEqual(clock.nanos());
      expect(message.payload.length).toBe(100);
    });
    expect(new Set(producer.sent.map(({ text }) => text.slice(96))).size).toBe(
      producer.sent.length,
    );
    expect(new Set(producer.sent.map(({ message }) => message.key)).size).toBeGreaterThan(10);
  });

  test('does not touch a payload while the driver owns it', async () => {
    const { clock, generator, producer } = await manual(assignmentOf([phase(1)], 8));
    const origin = clock.nanos();
    generator.start(origin);
    clock.run(origin + 100e6);
    expect(producer.sent).toHaveLength(8);
    for (const index of [0, 3, 5]) producer.sent[index]!.done('ok', 0, index, 1, undefined);
    clock.run(origin + 200e6);
    expect(producer.sent).toHaveLength(11);
    for (const index of [1, 2, 4, 6, 7]) {
      expect(producer.sent[index]!.message.payload.toString('hex')).toBe(
        producer.sent[index]!.text,
      );
    }
  });

  test('offers again what the driver refused, in order and once, when it drains', async () => {
    const { clock, generator, producer, drain, file } = await manual(
      assignmentOf([phase(1)], 10_000),
    );
    const origin = clock.nanos();
    generator.start(origin);
    clock.run(origin + 10e6);
    producer.accepts = false;
    clock.run(origin + 100e6);
    producer.accepts = true;
    const before = producer.sent.length;
    drain();
    clock.run(origin + 101e6);
    expect(producer.sent.length).toBe(before + 1);
    for (let step = 0; step < 100; step++) {
      drain();
      for (const { done } of producer.sent.splice(0)) done('ok', -1, -1, 1, undefined);
      clock.run(clock.nanos() + 1e6);
    }
    const invoked = eventsOf(file).flatMap((event) =>
      event.type === 'invoke' ? [event.sequence] : [],
    );
    expect(invoked).toEqual(invoked.map((_, index) => index));
    expect(invoked.length).toBeGreaterThan(190);
  });

  test('ends with an error where a driver tells an outcome twice or from inside send', async () => {
    const twice = await manual(assignmentOf([phase(1)], 10));
    twice.generator.start(twice.clock.nanos());
    twice.clock.run(twice.clock.nanos() + 5e6);
    const { done } = twice.producer.sent[0]!;
    done('ok', 0, 0, 1, undefined);
    done('ok', 0, 0, 1, undefined);
    expect(String(twice.failures[0])).toMatch(/twice/);

    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'ackworth-generator-'));
    const inside = await manual(assignmentOf([phase(1)], 10));
    inside.producer.send = (_message, answer) => {
      answer('ok', 0, 0, 1, undefined);
      return true;
    };
    inside.generator.start(inside.clock.nanos());
    inside.clock.run(inside.clock.nanos() + 5e6);
    expect(String(inside.failures[0])).toMatch(/inside send/);
  });

  test('ends with an error where a driver gives up for good, and sends nothing more', async () => {
    const { clock, generator, failures, fail, producer } = await manual(
      assignmentOf([phase(3)], 100),
    );
    const origin = clock.nanos();
    generator.start(origin);
    clock.run(origin + 1e9);
    const sent = producer.sent.length;
    fail(new Error('the client gave up'));
    clock.run(origin + 3e9);
    expect(failures.map(String)).toEqual(['Error: the client gave up']);
    expect(producer.sent).toHaveLength(sent);
  });

  test('started late, skips what is past and counts its sequence from 0', async () => {
    const { clock, generator, producer, file } = await manual(assignmentOf([phase(3)], 10_000));
    const origin = clock.nanos() - 1.25e9;
    generator.start(origin);
    clock.run(origin + 3e9);
    for (const { done } of producer.sent.splice(0)) done('ok', 0, 0, 1, undefined);
    clock.run();
    const events = eventsOf(file);
    const invokes = events.flatMap((event) => (event.type === 'invoke' ? [event] : []));
    expect(invokes).toHaveLength(1750);
    expect(invokes[0]).toMatchObject({ sequence: 0 });
    expect(invokes[0]!.intended - origin).toBeGreaterThanOrEqual(1.25e9);
    const seconds = events.flatMap((event) => (event.type === 'second' ? [event] : []));
    expect(seconds.map(({ due, offered }) => [due, offered])).toEqual([
      [750, 750],
      [1000, 1000],
    ]);
  });

  describe('goes on beyond its plan', () => {
    const beyond = (startMs: number, rate: number): PlannedPhase => ({
      ...phase(60, rate),
      name: 'drain',
      startMs,
      measured: false,
    });
    const ackAll = (producer: ManualProducer): void => {
      for (const { done } of producer.sent.splice(0)) done('ok', 0, 0, 1, undefined);
    };

    test('until it is enough, and what is due in between is due', async () => {
      const assignment = { ...assignmentOf([phase(1)], 10_000), share: 0.5 };
      const { clock, generator, producer, file, isDone } = await manual(assignment);
      const origin = clock.nanos();
      generator.start(origin);
      clock.run(origin + 1.2e9);
      expect(producer.sent).toHaveLength(500);
      generator.goOn(beyond(1500, 200));
      clock.run(origin + 3.5e9 - 1);
      expect(producer.sent).toHaveLength(700);
      generator.enough();
      clock.run(origin + 6.2e9);
      ackAll(producer);
      clock.run();
      await new Promise((resolve) => setImmediate(resolve));
      expect(isDone()).toBe(true);
      const seconds = eventsOf(file).flatMap((event) => (event.type === 'second' ? [event] : []));
      expect(seconds.map(({ due, offered }) => [due, offered])).toEqual([
        [500, 500],
        [50, 50],
        [100, 100],
        [50, 50],
        [0, 0],
        [0, 0],
      ]);
      generator.goOn(beyond(1500, 200));
      clock.run();
      expect(producer.sent).toHaveLength(0);
    });

    test('once all of the plan is sent, however late that is, and loses none of it', async () => {
      const { clock, generator, producer, file, isDone } = await manual(
        assignmentOf([phase(1)], 5),
      );
      const origin = clock.nanos();
      generator.start(origin);
      clock.run(origin + 2e9);
      generator.goOn(beyond(1500, 200));
      ackAll(producer);
      clock.run(origin + 2.1e9);
      generator.enough();
      for (let turn = 0; turn < 500; turn++) {
        ackAll(producer);
        clock.run(origin + 2.1e9 + turn * 1e6);
      }
      clock.run();
      await new Promise((resolve) => setImmediate(resolve));
      expect(isDone()).toBe(true);
      const invokes = eventsOf(file).filter(({ type }) => type === 'invoke');
      expect(invokes).toHaveLength(1000);
    });

    test.each([1300, 1100])(
      'without what its overtime left out, asked at %d ms',
      async (askedMs) => {
        const assignment = { ...assignmentOf([phase(1)], 5), sendUntilMs: 1200 };
        const { clock, generator, producer } = await manual(assignment);
        const origin = clock.nanos();
        generator.start(origin);
        clock.run(origin + askedMs * 1e6);
        expect(producer.sent).toHaveLength(5);
        generator.goOn(beyond(1500, 10));
        clock.run(origin + 1.4e9);
        ackAll(producer);
        clock.run(origin + 1.8e9 - 1);
        expect(producer.sent).toHaveLength(3);
      },
    );
  });

  test('stopped, sends nothing more and waits for the outcomes of what it sent', async () => {
    const { clock, generator, producer, file, isDone } = await manual(assignmentOf([phase(30)], 5));
    const origin = clock.nanos();
    generator.start(origin);
    clock.run(origin + 1.5e9);
    generator.stop();
    clock.run(origin + 2.5e9);
    expect(producer.sent).toHaveLength(5);
    expect(isDone()).toBe(false);
    for (const { done } of producer.sent) done('info', -1, -1, 0, 'timed-out');
    clock.run();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDone()).toBe(true);
    const events = eventsOf(file);
    expect(events.filter(({ type }) => type === 'complete')).toHaveLength(5);
    const seconds = events.filter((event): event is WorkerSecondEvent => event.type === 'second');
    expect(seconds[0]).toMatchObject({ due: 1000, offered: 5, windowClosed: true });
    expect(seconds.at(-1)!.windowClosed).toBe(true);
  });

  test('writes down what it was refused as a failure when it is stopped', async () => {
    const { clock, generator, producer, file } = await manual(assignmentOf([phase(1)], 5));
    producer.accepts = false;
    generator.start(clock.nanos());
    clock.run(clock.nanos() + 10e6);
    generator.stop();
    clock.run();
    const events = eventsOf(file);
    const completes = events.flatMap((event) => (event.type === 'complete' ? [event.outcome] : []));
    expect(completes.length).toBeGreaterThan(0);
    expect(completes).toHaveLength(events.filter(({ type }) => type === 'invoke').length);
    expect(new Set(completes)).toEqual(new Set(['fail']));
  });
});
