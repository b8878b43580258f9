import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carriedBoundMsMax, doubtOfCarried, measureOffset, offsetFrom } from './clock-offset.ts';
import type { ClockReading } from './clock-offset.ts';

const ms = (n: number): number => n * 1e6;
const away = fc.integer({ min: 0, max: ms(500) });

/** A round trip at `at` of our clock, to one that is `offset` behind it. */
function reading(at: number, there: number, back: number, offset: number): ClockReading {
  return { askedNanos: at, readNanos: at + there - offset, answeredNanos: at + there + back };
}

describe('the offset of another clock', () => {
  test('lies within its bound, however unlike the way there and the way back are', () => {
    const trips = fc.array(fc.tuple(away, away), { minLength: 1, maxLength: 20 });
    const offsets = fc.integer({ min: -1e15, max: 1e15 });
    fc.assert(
      fc.property(trips, offsets, (ways, offset) => {
        const found = offsetFrom(
          ways.map(([there, back], index) => reading(ms(2000 * index), there, back, offset)),
        )!;
        expect(Math.abs(found.nanos - offset)).toBeLessThanOrEqual(found.errorNanos);
        const shortest = Math.min(...ways.map(([there, back]) => there + back));
        expect(found.errorNanos).toBeLessThanOrEqual(shortest / 2);
      }),
    );
  });

  test('is known as closely as the quickest way there and the quickest way back', () => {
    const slowBack = reading(ms(0), ms(1), ms(90), ms(7));
    const slowThere = reading(ms(200), ms(90), ms(1), ms(7));
    expect(offsetFrom([slowBack, slowThere])).toEqual({ nanos: ms(7), errorNanos: ms(1) });
  });

  test('is not told where the clock was set between two readings, or nothing was read', () => {
    expect(offsetFrom([reading(0, ms(1), ms(1), 0), reading(ms(9), ms(1), ms(1), ms(3))])).toBe(
      undefined,
    );
    expect(offsetFrom([])).toBe(undefined);
  });

  test('is read again until it is known closely, and no more often than is sensible', async () => {
    const how = { readingsMin: 3, readingsMax: 6, errorNanosGood: ms(1) };
    let reads = 0;
    const tripsOf =
      (...trips: number[]) =>
      (): Promise<ClockReading> => {
        const trip = ms(trips[Math.min(reads, trips.length - 1)]!);
        return Promise.resolve(reading(ms(100 * reads++), trip / 2, trip / 2, 0));
      };
    expect(await measureOffset(tripsOf(1), how)).toMatchObject({ errorNanos: ms(0.5) });
    expect(reads).toBe(3);
    reads = 0;
    expect(await measureOffset(tripsOf(50, 40, 30, 20, 2), how)).toMatchObject({
      errorNanos: ms(1),
    });
    expect(reads).toBe(5);
    reads = 0;
    expect(await measureOffset(tripsOf(50), how)).toMatchObject({ errorNanos: ms(25) });
    expect(reads).toBe(6);
  });

  test('that is not known closely enough, or not measured again, is a doubt', () => {
    expect(doubtOfCarried(carriedBoundMsMax)).toBe(undefined);
    expect(doubtOfCarried(carriedBoundMsMax + 0.1)).toMatch(/known to ±20\.1 ms only/);
    expect(doubtOfCarried(null)).toMatch(/not measured again at the end/);
  });
});
