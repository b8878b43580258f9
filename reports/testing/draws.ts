import * as hdr from 'hdr-histogram-js';
import type { Latency } from '../../harness/record/record.ts';

const unitsPerMicro = 10;

export interface Drawn {
  readonly responses: number[];
  readonly services: number[];
  readonly endToEnds: number[];
}

export function newWindow(): Drawn {
  return { responses: [], services: [], endToEnds: [] };
}

export function newHistogram(): hdr.Histogram {
  return hdr.build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 36e9,
    numberOfSignificantValueDigits: 3,
  });
}

export function note(histogram: hdr.Histogram, micros: number, times: number): void {
  histogram.recordValueWithCount(Math.round(micros * unitsPerMicro), times);
}

export function summarize(histogram: hdr.Histogram): Latency {
  const count = histogram.totalCount;
  const quantile = (percentile: number, needed: number): number | null =>
    count < needed ? null : histogram.getValueAtPercentile(percentile) / unitsPerMicro;
  return {
    count,
    min: count === 0 ? null : histogram.minNonZeroValue / unitsPerMicro,
    mean: count === 0 ? null : histogram.mean / unitsPerMicro,
    p50: quantile(50, 5),
    p90: quantile(90, 29),
    p99: quantile(99, 299),
    p999: quantile(99.9, 2995),
    max: count === 0 ? null : histogram.maxValue / unitsPerMicro,
    negative: 0,
    histogram: hdr.encodeIntoCompressedBase64(histogram),
  };
}

export function at(values: readonly number[], quantile: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? null;
}

export function cellsOf(micros: readonly number[], weight: number): [number, number][] {
  const counts = new Map<number, number>();
  for (const value of micros) {
    const bucket = Math.floor(8 * Math.log2(value));
    counts.set(bucket, (counts.get(bucket) ?? 0) + weight);
  }
  return [...counts]
    .map(([bucket, count]): [number, number] => [bucket, Math.round(count)])
    .sort((a, b) => a[0] - b[0]);
}
