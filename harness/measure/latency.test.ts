import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, test } from 'vitest';

import { LatencyHistogram } from './latency.ts';
import { samplesNeeded } from './quantiles.ts';
import { WindowHistogram } from './window-histogram.ts';

/** Exponential latencies of mean 2 ms in nanoseconds. */
function samples(count: number, seed: number): number[] {
  const generator = xoroshiro128plus(seed);
  return Array.from(
    { length: count },
    () => -2e6 * Math.log(((generator.next() >>> 0) + 0.5) / 2 ** 32),
  );
}

function exact(sorted: readonly number[], quantile: number): number {
  return sorted[Math.ceil(quantile * sorted.length) - 1]!;
}

describe('a latency histogram', () => {
  test('reads 0.4 ms as 0.4 ms within 0.2 %, and 10 us apart from 11 us', () => {
    const histogram = new LatencyHistogram();
    for (let n = 0; n < 3000; n++) histogram.record(400_000);
    const { p50, p99, p999, min, max } = histogram.summary();
    for (const read of [p50, p99, p999, min, max]) expect(Math.abs(read! - 400)).toBeLessThan(0.8);
    const fine = new LatencyHistogram();
    for (let n = 0; n < 100; n++) fine.record(n < 50 ? 10_000 : 11_000);
    expect([fine.summary().p50, fine.summary().p90]).toEqual([10, 11]);
  });

  test('is within 0.1 % of the exact quantiles', () => {
    const values = samples(100_000, 1);
    const histogram = new LatencyHistogram();
    for (const value of values) histogram.record(value);
    const sorted = values.toSorted((a, b) => a - b);
    const summary = histogram.summary();
    for (const [read, quantile] of [
      [summary.p50, 0.5],
      [summary.p90, 0.9],
      [summary.p99, 0.99],
      [summary.p999, 0.999],
    ] as const) {
      expect(Math.abs(read! / (exact(sorted, quantile) / 1000) - 1)).toBeLessThan(0.001);
    }
    expect(summary.max).toBeCloseTo(sorted.at(-1)! / 1000, 0);
    expect(summary.mean).toBeCloseTo(
      values.reduce((sum, value) => sum + value, 0) / values.length / 1000,
      0,
    );
  });

  test('merged from parts equals the one that saw everything', () => {
    const whole = new LatencyHistogram();
    const parts = [1, 2, 3].map(() => new LatencyHistogram());
    samples(30_000, 2).forEach((value, index) => {
      // One part sees a much longer range than the others.
      const nanos = index % 3 === 0 ? value * 1e6 : value;
      whole.record(nanos);
      parts[index % 3]!.record(nanos);
    });
    const merged = new LatencyHistogram();
    for (const part of parts) merged.add(part);
    const { histogram: mergedBytes, mean: mergedMean, ...mergedRest } = merged.summary();
    const { histogram: wholeBytes, mean: wholeMean, ...wholeRest } = whole.summary();
    expect(mergedRest).toEqual(wholeRest);
    expect(mergedMean! / wholeMean!).toBeCloseTo(1, 9);
    const [decodedMerged, decodedWhole] = [mergedBytes, wholeBytes].map((bytes) =>
      LatencyHistogram.decode(bytes),
    );
    for (const seen of [merged, decodedMerged!]) {
      const against = seen === merged ? whole : decodedWhole!;
      for (let at = 1; at < 3000; at++)
        expect(seen.quantile(at / 3000)).toBe(against.quantile(at / 3000));
    }
  });

  test('survives the way through its text form', () => {
    const histogram = new LatencyHistogram();
    for (const value of samples(5000, 3)) histogram.record(value);
    const summary = histogram.summary();
    const decoded = LatencyHistogram.decode(summary.histogram).summary();
    expect(decoded.count).toBe(5000);
    for (const quantile of ['p50', 'p90', 'p99', 'p999', 'max'] as const) {
      expect(Math.abs(decoded[quantile]! / summary[quantile]! - 1)).toBeLessThan(0.002);
    }
    expect(LatencyHistogram.decode(new LatencyHistogram().summary().histogram).count).toBe(0);
  });

  test('neither clips nor drops: a day, a zero, and a negative sample that is counted', () => {
    const histogram = new LatencyHistogram();
    histogram.record(0);
    histogram.record(86_400e9);
    histogram.record(-5000);
    expect(histogram.summary()).toMatchObject({ count: 2, negative: 1, min: 0, max: 86_400e6 });
  });

  test('gives no percentile that its samples do not support', () => {
    expect([0.5, 0.9, 0.99, 0.999].map(samplesNeeded)).toEqual([5, 29, 299, 2995]);
    const histogram = new LatencyHistogram();
    expect(histogram.summary()).toMatchObject({ count: 0, min: null, p50: null, max: null });
    for (let n = 0; n < 298; n++) histogram.record(1000);
    expect(histogram.summary()).toMatchObject({ p50: 1, p90: 1, p99: null, p999: null, max: 1 });
    histogram.record(1000);
    expect(histogram.summary().p99).toBe(1);
  });
});

describe('a window histogram', () => {
  test('is within 1.6 % of the exact quantiles over nine decades, with an exact maximum', () => {
    for (const scale of [0.01, 1, 1000, 1e6]) {
      const values = samples(20_000, 4).map((value) => value * scale + 7000);
      const histogram = new WindowHistogram();
      for (const value of values) histogram.record(value);
      const sorted = values.toSorted((a, b) => a - b);
      for (const quantile of [0.5, 0.99]) {
        expect(Math.abs(histogram.quantile(quantile)! / exact(sorted, quantile) - 1)).toBeLessThan(
          0.016,
        );
      }
      expect(histogram.maxNanos).toBe(sorted.at(-1));
    }
  });

  test('merged from parts equals the one that saw everything', () => {
    const [whole, left, right] = [
      new WindowHistogram(),
      new WindowHistogram(),
      new WindowHistogram(),
    ];
    samples(4000, 5).forEach((value, index) => {
      whole.record(value);
      (index % 2 ? left : right).record(value);
    });
    left.add(right);
    expect(left).toEqual(whole);
    expect(left.quantile(0.99)).toBe(whole.quantile(0.99));
  });
});
