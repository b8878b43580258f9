import { describe, expect, test } from 'vitest';
import { HarnessError } from '../errors.ts';
import type { ClockReading } from '../measure/clock-offset.ts';
import { WorkersClock, type ClockSource } from './workers-clock.ts';

const ms = (n: number): number => n * 1e6;

/** Of a worker whose clock is `behindMs` behind ours; each way takes `wayMs`. */
class Source implements ClockSource {
  readonly clockDomain: string;
  behindMs: number;
  wayMs = 0.2;
  failure: string | undefined;
  reads = 0;

  constructor(behindMs: number, clockDomain = 'theirs') {
    this.behindMs = behindMs;
    this.clockDomain = clockDomain;
  }

  readClock(): Promise<ClockReading> {
    const [at, way] = [ms(1000 * ++this.reads), ms(this.wayMs)];
    if (this.failure !== undefined) return Promise.reject(new HarnessError('worker', this.failure));
    return Promise.resolve({
      askedNanos: at,
      readNanos: at + way - ms(this.behindMs),
      answeredNanos: at + 2 * way,
    });
  }
}

describe('the clock of the workers', () => {
  test('is ours where it has our name, and nobody measures anything', async () => {
    const clock = new WorkersClock('ours');
    const source = new Source(0, 'ours');
    expect(await clock.carriedTo('producer-1', source)).toBe(undefined);
    await clock.lookLast();
    expect(clock.carried).toBe(undefined);
    expect(source.reads).toBe(0);
  });

  test('is carried over by one offset, whichever of them would have been measured otherwise', async () => {
    const clock = new WorkersClock('ours');
    const [first, second] = [new Source(5000), new Source(5000.1)];
    const told = await Promise.all([
      clock.carriedTo('producer-1', first),
      clock.carriedTo('consumer-1', second),
    ]);
    expect(told).toEqual([
      { domain: 'ours', offsetNanos: ms(5000) },
      { domain: 'ours', offsetNanos: ms(5000) },
    ]);
    expect(second.reads).toBe(0);
    expect(clock.carried).toMatchObject({ errorMs: 0.2, driftMs: null, boundMs: null });
    await clock.lookLast();
    expect(clock.carried!.boundMs).toBeCloseTo(0.3, 6);
  });

  test('is measured with the next worker where the first is gone', async () => {
    const clock = new WorkersClock('ours');
    const gone = new Source(1);
    gone.failure = 'a worker was gone before it told its clock';
    const first = clock.carriedTo('producer-1', gone);
    const second = clock.carriedTo('producer-2', new Source(7));
    await expect(first).rejects.toThrow(
      /^producer-1 runs on another kernel .* cannot be measured: a worker was gone/,
    );
    await expect(first).rejects.toMatchObject({ code: 'environment' });
    expect(await second).toEqual({ domain: 'ours', offsetNanos: ms(7) });
  });

  test('that is set while it is measured is refused', async () => {
    const source = new Source(1);
    const read = source.readClock.bind(source);
    source.readClock = () => {
      if (source.reads === 4) source.behindMs += 5;
      return read();
    };
    await expect(new WorkersClock('ours').carriedTo('producer-1', source)).rejects.toThrow(
      /cannot be measured: it does not run evenly/,
    );
  });

  test('is one: a worker of a third kernel is refused', async () => {
    const clock = new WorkersClock('ours');
    await clock.carriedTo('producer-1', new Source(1));
    await expect(clock.carriedTo('producer-1.2', new Source(1, 'rebooted'))).rejects.toThrow(
      /^producer-1\.2 has another clock than the other workers/,
    );
  });

  test('that moves is told: by how much, and by how much times may be off', async () => {
    const clock = new WorkersClock('ours');
    const source = new Source(100);
    await clock.carriedTo('producer-1', source);
    source.behindMs = 103;
    await clock.lookLast();
    const { errorMs, driftMs, boundMs } = clock.carried!;
    expect([errorMs, driftMs, boundMs].map((value) => value?.toFixed(3))).toEqual([
      '0.200',
      '3.000',
      '3.200',
    ]);
  });

  test('that stood still in between and was set again is told, too', async () => {
    const clock = new WorkersClock('ours');
    const source = new Source(100);
    await clock.carriedTo('producer-1', source);
    source.behindMs = 150;
    await clock.look();
    source.behindMs = 100;
    await clock.lookLast();
    expect(clock.carried!.boundMs).toBeGreaterThan(49);
  });

  test('is asked of another worker where one does not answer, and is not known where none does', async () => {
    const clock = new WorkersClock('ours');
    const sources = [new Source(100), new Source(100)];
    for (const source of sources) await clock.carriedTo('producer-1', source);
    sources[1]!.failure = 'a worker did not tell its clock within 1000 ms';
    await clock.lookLast();
    expect(clock.carried!.boundMs).toBeCloseTo(0.2, 6);
    sources[0]!.failure = sources[1]!.failure;
    await clock.lookLast();
    expect(clock.carried).toMatchObject({ driftMs: null, boundMs: null });
  });

  test('is not held against a slow answer in passing', async () => {
    const clock = new WorkersClock('ours');
    const source = new Source(100);
    await clock.carriedTo('producer-1', source);
    source.wayMs = 400;
    await clock.look();
    source.wayMs = 0.2;
    await clock.lookLast();
    expect(clock.carried!.boundMs).toBeLessThan(1);
  });
});
