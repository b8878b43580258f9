import { describe, expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
import type { RunRecord } from '../record/record.ts';
import { priceOf } from './price.ts';

const record = makeRecord({ phases: [{ name: 'price', lengthMs: 5000 }], rate: 1000 });

/** As if this much had been acked in each second; the series begins with two seconds of warm-up. */
function acking(perSecond: readonly number[]): RunRecord {
  const series = Array.from({ length: 8 }, (_, index) => ({
    ...record.series[0]!,
    atMs: index * 1000,
    widthMs: 1000,
    due: index < 7 ? 1000 : 0,
    acked: perSecond[index] ?? 0,
    failed: 0,
    unknown: 0,
  }));
  const acked = perSecond.slice(2, 7).reduce((sum, count) => sum + count, 0) / 5;
  return { ...record, series, throughput: { ...record.throughput, acked, targetRate: 1000 } };
}

const sustained = (perSecond: readonly number[]): boolean => priceOf(acking(perSecond)).sustained;

describe('a rate is sustained', () => {
  test('when at least 99 % of it is acked in the measured seconds', () => {
    expect(sustained([1000, 1000, 990, 990, 990, 990, 990])).toBe(true);
    expect(sustained([1000, 1000, 990, 990, 990, 990, 989])).toBe(false);
  });

  test('and not when the queue of the warm-up is only kept', () => {
    expect(sustained([500, 1000, 1000, 1000, 1000, 1000, 1000])).toBe(true);
    expect(sustained([499, 1000, 1000, 1000, 1000, 1000, 1000])).toBe(false);
    expect(sustained([499, 1000, 1000, 1000, 1000, 1000, 1000, 501])).toBe(false);
  });

  test('when the queue of the warm-up is worked off in time', () => {
    expect(sustained([0, 600, 1500, 1400, 1300, 1000, 1000])).toBe(true);
  });

  test('whatever is acked after the load has ended', () => {
    expect(sustained([1000, 1000, 900, 900, 900, 900, 900, 500])).toBe(false);
  });
});

describe('a price', () => {
  test('is the record’s own figures', () => {
    const price = priceOf(record);
    expect(price).toMatchObject({
      targetRate: record.throughput.targetRate,
      acked: record.throughput.acked,
      doubtful: [],
    });
    expect(price.response).toEqual({
      p50: record.latency.response.p50,
      p99: record.latency.response.p99,
      p999: record.latency.response.p999,
    });
    expect(price.service.p99).toBe(record.latency.service.p99);
    expect(price.endToEnd.p50).toBe(record.latency.endToEnd.p50);
  });

  test('is doubtful where the generator was, or where there were too few samples', () => {
    const doubtful = {
      ...record,
      validity: { state: 'doubtful' as const, reasons: ['saturated'] },
    };
    const { latency } = record;
    const few = { ...latency, endToEnd: { ...latency.endToEnd, p99: null } };
    expect(priceOf({ ...doubtful, latency: few }).doubtful).toEqual([
      'saturated',
      'too few samples for a 99th percentile',
    ]);
  });
});
