import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DelayLine, type Parcel } from './delay-line.ts';

const bytes = (text: string): Parcel => ({ type: 'bytes', bytes: Buffer.from(text) });
const none = { delayMs: 0, jitterMs: 0 };

describe('a delay line', () => {
  test('hands out a parcel when it is due and not before', () => {
    const line = new DelayLine(() => 0.5);
    line.push(bytes('a'), 1000, { delayMs: 200, jitterMs: 20 });
    expect(line.dueMs).toBe(1200);
    expect(line.take(1199.9)).toBeUndefined();
    expect(line.take(1200)).toEqual(bytes('a'));
    expect(line.dueMs).toBeUndefined();
  });

  test('counts the bytes that it holds', () => {
    const line = new DelayLine(() => 0.5);
    line.push(bytes('abc'), 0, none);
    line.push({ type: 'end' }, 0, none);
    expect(line.bytes).toBe(3);
    line.take(0);
    expect(line.bytes).toBe(0);
    expect(line.take(0)).toEqual({ type: 'end' });
  });

  test('keeps the order and the bounds of the jitter, whatever is drawn', () => {
    const pushed = fc.record({
      afterMs: fc.integer({ min: 0, max: 100 }),
      unit: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(pushed, { minLength: 1 }), (parcels) => {
        let unit = 0;
        const line = new DelayLine(() => unit);
        const sentAt: number[] = [];
        let now = 0;
        parcels.forEach((parcel, index) => {
          now += parcel.afterMs;
          unit = parcel.unit;
          sentAt.push(now);
          line.push(bytes(`${index}`), now, { delayMs: 200, jitterMs: 20 });
        });
        sentAt.forEach((sent, index) => {
          const due = line.dueMs!;
          expect(due - sent).toBeGreaterThanOrEqual(180);
          expect(due - sent).toBeLessThanOrEqual(220);
          expect(line.take(due)).toEqual(bytes(`${index}`));
        });
      }),
    );
  });

  test('spreads over the whole of the jitter', () => {
    const due = [0, 0.999_999].map((unit) => {
      const line = new DelayLine(() => unit);
      line.push(bytes('a'), 0, { delayMs: 200, jitterMs: 20 });
      return Math.round(line.dueMs!);
    });
    expect(due).toEqual([180, 220]);
  });

  test('holds what is on its way no longer than what follows a change', () => {
    const line = new DelayLine(() => 0.5);
    line.push(bytes('a'), 0, { delayMs: 5000, jitterMs: 0 });
    line.push(bytes('b'), 10, { delayMs: 5000, jitterMs: 0 });
    line.shorten(20, { delayMs: 100, jitterMs: 10 });
    expect(line.dueMs).toBe(130);
    line.shorten(30, { delayMs: 9000, jitterMs: 0 });
    expect(line.dueMs).toBe(130);
    line.shorten(40, none);
    expect([line.take(40), line.take(40)]).toEqual([bytes('a'), bytes('b')]);
  });
});
