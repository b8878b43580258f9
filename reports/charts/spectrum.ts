import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { Latency } from '../../harness/record/record.ts';
import { counted, micros, samplesNeeded, supported } from '../format.ts';
import {
  legend,
  legendPitch,
  legendRows,
  sayLayer,
  specOf,
  type Chart,
  type Layer,
  type LegendItem,
} from './chart.ts';
import { latencyChannel, latencyScale } from './scales.ts';
import { ink } from './theme.ts';
import { limitLegend } from './latency-charts.ts';

/** One curve: a latency with its name and stroke. */
export interface Curve extends LegendItem {
  readonly latency: Latency;
}

/** Units of the histogram per microsecond. */
const unitsPerMicro = 10;

const ninesMax = 7;

/** Where the axis has its labels, as quantiles. */
const named = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999];

/**
 * Latency against "how many nines": x = log10(1 / (1 - q)). A curve ends at the last quantile that
 * its number of samples supports.
 */
export function spectrumChart(
  curves: readonly Curve[],
  options: {
    readonly limit?: number | undefined;
    readonly title?: string;
    readonly lead?: string;
  } = {},
): Chart {
  const drawn = curves.map((curve) => ({ curve, points: pointsOf(curve.latency) }));
  const scale = latencyScale([
    ...drawn.flatMap(({ points }) => points.map(({ y }) => y)),
    options.limit ?? null,
  ]);
  const nines = Math.max(2, ...drawn.flatMap(({ points }) => points.map(({ x }) => x)));
  const x = ninesChannel('x', nines);
  const y = latencyChannel('y', scale);
  const layers = drawn.flatMap(({ curve, points }): Layer[] =>
    points.length === 0
      ? []
      : [
          {
            data: { values: points },
            mark: {
              type: 'line',
              color: ink(curve.role),
              strokeWidth: 2,
              strokeDash: curve.dash ?? [],
            },
            encoding: { x, y },
          },
        ],
  );
  if (layers.length === 0) {
    layers.push({
      data: { values: [{ x: 0, y: scale.domain[0] }] },
      mark: { type: 'point', opacity: 0 },
      encoding: { x, y },
    });
    layers.push(sayLayer('no data', 110));
  }
  const { limit } = options;
  if (limit !== undefined) {
    layers.push({
      data: { values: [{ x: 2, y: limit }] },
      mark: {
        type: 'point',
        shape: 'stroke',
        size: 400,
        strokeWidth: 2.5,
        color: ink('doubt'),
        opacity: 1,
      },
      encoding: { x, y },
    });
  }
  const items = [...curves, ...(limit === undefined ? [] : [limitLegend(limit)])];
  const top = 32 + (legendRows(items) - 1) * legendPitch;
  return {
    name: 'spectrum',
    title: options.title ?? 'Percentile spectrum',
    lead:
      options.lead ??
      'Each step to the right is ten times rarer. Service time starts when a message is sent, ' +
        'response time when it was due: the gap between them is what a closed-loop test would leave out.',
    description: curves
      .map(
        ({ label, latency }) =>
          `${label}: median ${micros(latency.p50)}, p99 ${supported(latency.p99, 0.99, latency.count)}, p99.9 ` +
          `${supported(latency.p999, 0.999, latency.count)} over ${counted(latency.count, 'sample')}.`,
      )
      .join(' '),
    spec: specOf({
      top,
      height: 220,
      layers: [...layers, ...legend('log scale', items, 10 - top)],
    }),
    table: {
      columns: ['quantile', ...curves.map(({ label }) => label)],
      rows: named
        .filter((q) => q <= 1 - 10 ** -nines + 1e-12 || q <= 0.999)
        .map((q) => [quantileName(q), ...drawn.map(({ curve }) => quantileText(curve.latency, q))]),
    },
  };
}

function quantileText(latency: Latency, q: number): string {
  if (q === 0) return micros(latency.min);
  const histogram = decoded(latency);
  const value =
    histogram === undefined ? null : histogram.getValueAtPercentile(q * 100) / unitsPerMicro;
  return supported(value, q, latency.count);
}

function quantileName(q: number): string {
  return q === 0 ? 'min' : `p${Number((q * 100).toFixed(4))}`;
}

/** Undefined where there is no histogram, or one that cannot be read. */
export function decoded(latency: Latency): Histogram | undefined {
  if (latency.histogram === '' || latency.count === 0) return undefined;
  try {
    return decodeFromCompressedBase64(latency.histogram, 64, false);
  } catch {
    return undefined;
  }
}

function pointsOf(latency: Latency): { x: number; y: number }[] {
  const histogram = decoded(latency);
  if (histogram === undefined) return [];
  const points: { x: number; y: number }[] = [];
  for (let x = 0; x < ninesMax; x += 0.025) {
    const q = 1 - 10 ** -x;
    if (samplesNeeded(q) > latency.count) break;
    const y = histogram.getValueAtPercentile(q * 100) / unitsPerMicro;
    if (y > 0) points.push({ x: Number(x.toFixed(3)), y: Number(y.toPrecision(5)) });
  }
  return points;
}

function ninesChannel(field: string, nines: number): Layer {
  const values = named
    .map((q) => Number(Math.log10(1 / (1 - q)).toFixed(6)))
    .filter((value) => value <= nines + 0.01);
  return {
    field,
    type: 'quantitative',
    scale: { domain: [0, nines], nice: false, zero: true },
    axis: {
      title: null,
      values,
      grid: true,
      labelFlush: true,
      labelExpr:
        "datum.value == 0 ? 'min' : 'p' + format(100 * (1 - pow(10, -datum.value)), '.6~f')",
    },
  };
}
