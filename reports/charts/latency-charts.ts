import type { RecordedSecond, RunRecord } from '../../harness/record/record.ts';
import { micros } from '../format.ts';
import { sayLayer, type Chart, type Layer, type LegendItem } from './chart.ts';
import { foldSeries } from './fold.ts';
import { timeSpec, type Frame } from './frame.ts';
import { lineLayers, type Line } from './lines.ts';
import { latencyChannel, latencyScale } from './scales.ts';
import { middle, seriesTable } from './series.ts';
import { ink } from './theme.ts';

const tall = 190;

export function responseChart(record: RunRecord, frame: Frame): Chart {
  const { response, service } = record.latency;
  return latencyChart(record, frame, {
    name: 'response',
    title: 'Response time',
    lead:
      'From the moment a message was due to its ack, by the time of the ack. Where service time ' +
      '(from sending) lies below it, messages had to wait for the generator’s window.',
    description:
      `Response time over the measured phases: median ${micros(response.p50)}, p99 ` +
      `${micros(response.p99)}, maximum ${micros(response.max)}; service time p99 ${micros(service.p99)}.`,
    limit: limitOf(record, /response/i),
    lines: [
      {
        label: 'max',
        role: 'offered',
        dash: [1, 2],
        width: 1.25,
        pick: (second) => second.responseMax,
      },
      { label: 'service p99', role: 'second', dash: [5, 3], pick: (second) => second.serviceP99 },
      { label: 'response p99', role: 'first', width: 2.25, pick: (second) => second.responseP99 },
      { label: 'response p50', role: 'third', width: 1.25, pick: (second) => second.responseP50 },
    ],
  });
}

export function endToEndChart(record: RunRecord, frame: Frame): Chart {
  const { endToEnd } = record.latency;
  return latencyChart(record, frame, {
    name: 'end-to-end',
    title: 'End-to-end time',
    lead: 'From the moment a message was due to the consumer’s hands, by the time of the delivery.',
    description:
      `End-to-end time over the measured phases: median ${micros(endToEnd.p50)}, p99 ` +
      `${micros(endToEnd.p99)}, maximum ${micros(endToEnd.max)}.`,
    limit: limitOf(record, /end.?to.?end/i),
    lines: [
      {
        label: 'max',
        role: 'offered',
        dash: [1, 2],
        width: 1.25,
        pick: (second) => second.endToEndMax,
      },
      { label: 'p99', role: 'first', width: 2.25, pick: (second) => second.endToEndP99 },
      { label: 'p50', role: 'third', width: 1.25, pick: (second) => second.endToEndP50 },
    ],
  });
}

interface LatencyLine extends Omit<Line, 'points'> {
  readonly label: string;
  readonly pick: (second: RecordedSecond) => number | null;
}

function latencyChart(
  record: RunRecord,
  frame: Frame,
  chart: Pick<Chart, 'name' | 'title' | 'lead' | 'description'> & {
    readonly lines: readonly LatencyLine[];
    readonly limit: number | undefined;
  },
): Chart {
  const { lines, limit, ...words } = chart;
  const series = foldSeries(record.series);
  const scale = latencyScale([
    ...series.flatMap((second) => lines.map(({ pick }) => pick(second))),
    limit ?? null,
  ]);
  const drawn = lines.map((line): Line => ({
    ...line,
    points: series.map((second) => ({ t: middle(second), y: positive(line.pick(second)) })),
  }));
  const legendOf = lines
    .toReversed()
    .map(({ label, role, dash }): LegendItem =>
      dash === undefined ? { label, role } : { label, role, dash },
    );
  return {
    ...words,
    spec: timeSpec(frame, {
      unit: 'log scale',
      legend: [...legendOf, ...(limit === undefined ? [] : [limitLegend(limit)])],
      height: tall,
      layers: [
        ...lineLayers(drawn, frame.axis, latencyChannel('y', scale)),
        ...(limit === undefined ? [] : [limitLayer(limit, scale)]),
        ...(drawn.some(({ points }) => points.some(({ y }) => y !== null))
          ? []
          : [sayLayer('no data', tall / 2)]),
      ],
    }),
    table: seriesTable(record, lines.map(({ label }) => label).toReversed(), (second) =>
      lines.map(({ pick }) => micros(pick(second))).toReversed(),
    ),
  };
}

/** The scenario's limit on the p99 of this latency, in microseconds. */
export function limitOf(record: RunRecord, name: RegExp): number | undefined {
  const limit = record.limits.find(
    (candidate) => name.test(candidate.name) && /p99/i.test(candidate.name),
  );
  return limit === undefined || limit.unit !== 'ms' ? undefined : limit.limit * 1000;
}

export function limitLegend(limit: number): LegendItem {
  return { label: `limit for p99: ${micros(limit)}`, role: 'doubt', dash: [8, 3] };
}

export function limitLayer(limit: number, scale: ReturnType<typeof latencyScale>): Layer {
  return {
    data: { values: [{ y: limit }] },
    mark: { type: 'rule', color: ink('doubt'), strokeDash: [8, 3], strokeWidth: 1.25 },
    encoding: { y: latencyChannel('y', scale) },
  };
}

function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}
