import type { RecordedSecond, RunRecord } from '../../harness/record/record.ts';
import { count, counted, micros, moment, perSecond } from '../format.ts';
import type { Chart, Layer, LegendItem, Table } from './chart.ts';
import { sayLayer } from './chart.ts';
import { foldSeries } from './fold.ts';
import { timeSpec, type Frame } from './frame.ts';
import { lineLayers, type Line } from './lines.ts';
import { amountChannel, latencyChannel, latencyScale } from './scales.ts';
import { ink } from './theme.ts';

const tall = 190;

/** What was due, what the broker promised, what consumers got: messages per second. */
export function throughputChart(record: RunRecord, frame: Frame): Chart {
  const series = foldSeries(record.series);
  const rates = (pick: (second: RecordedSecond) => number): Line['points'] =>
    ratePoints(series, pick);
  const most = Math.max(
    0,
    ...series.flatMap((second) =>
      [second.offered, second.acked, second.consumed].map((value) => perWindow(second, value)),
    ),
  );
  const lines: Line[] = [
    {
      role: 'offered',
      step: true,
      area: true,
      width: 1,
      points: rates((second) => second.offered),
    },
    { role: 'first', step: true, width: 2, points: rates((second) => second.acked) },
    {
      role: 'third',
      dash: [2, 2],
      step: true,
      width: 1.75,
      points: rates((second) => second.consumed),
    },
  ];
  const { throughput } = record;
  return {
    name: 'throughput',
    title: 'Throughput',
    lead: 'Messages per second: offered by the generator, acked by the broker, handed to consumers.',
    description:
      `Over the measured phases ${perSecond(throughput.offered)} were offered (target ` +
      `${perSecond(throughput.targetRate)}), ${perSecond(throughput.acked)} acked and ` +
      `${perSecond(throughput.consumed)} consumed. The highest rate in any window is ${perSecond(most)}.`,
    spec: timeSpec(frame, {
      unit: 'msg/s',
      legend: [
        { label: 'offered', role: 'offered' },
        { label: 'acked', role: 'first' },
        { label: 'consumed', role: 'third', dash: [2, 2] },
      ],
      height: tall,
      layers: lineLayers(lines, frame.axis, amountChannel('y', most)),
    }),
    table: seriesTable(record, ['due', 'offered', 'acked', 'consumed'], (second) =>
      [second.due, second.offered, second.acked, second.consumed].map((value) =>
        perSecond(perWindow(second, value)),
      ),
    ),
  };
}

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

export function lagChart(record: RunRecord, frame: Frame): Chart {
  const series = foldSeries(record.series);
  const most = Math.max(0, ...series.map((second) => second.lag));
  const points = series.map((second) => ({
    t: (second.atMs + second.widthMs) / 1000,
    y: second.lag,
  }));
  return {
    name: 'lag',
    title: 'Consumer lag',
    lead: 'Acked messages that the slowest group had not consumed yet.',
    description:
      series.length === 0
        ? 'No data.'
        : `The lag peaks at ${counted(most, 'message')} and ends at ${counted(series.at(-1)?.lag ?? 0, 'message')}.`,
    spec: timeSpec(frame, {
      unit: 'messages',
      legend: [{ label: 'lag', role: 'first' }],
      height: 110,
      layers: lineLayers(
        [{ role: 'first', area: true, points }],
        frame.axis,
        amountChannel('y', most),
      ),
    }),
    table: seriesTable(record, ['lag'], (second) => [count(second.lag)]),
  };
}

export function errorsChart(record: RunRecord, frame: Frame): Chart {
  const series = foldSeries(record.series);
  const { failed, unknown, sent } = record.accounting;
  const rates = (pick: (second: RecordedSecond) => number): Line['points'] =>
    ratePoints(series, pick);
  const most = Math.max(
    0,
    ...series.map((second) => perWindow(second, Math.max(second.failed, second.unknown))),
  );
  const quiet = most === 0;
  return {
    name: 'errors',
    title: 'Sends without an ack',
    lead: 'Failed: certainly without effect. Unknown: timed out or cut off, so they may be in the log.',
    description:
      `${count(failed)} of ${counted(sent, 'send')} failed and the outcome of ${count(unknown)} is ` +
      `unknown. ${quiet ? 'No window has any.' : `The worst window has ${perSecond(most)}.`}`,
    spec: timeSpec(frame, {
      unit: 'msg/s',
      legend: [
        { label: 'failed', role: 'fifth' },
        { label: 'unknown', role: 'second', dash: [5, 3] },
      ],
      height: quiet ? 34 : 110,
      layers: [
        ...lineLayers(
          [
            {
              role: 'fifth',
              step: true,
              width: quiet ? 1 : 2,
              points: rates((second) => second.failed),
            },
            {
              role: 'second',
              step: true,
              dash: [5, 3],
              width: quiet ? 1 : 2,
              points: rates((second) => second.unknown),
            },
          ].map((line) =>
            quiet
              ? {
                  ...line,
                  points: [
                    { t: frame.axis.start, y: 0 },
                    { t: frame.axis.end, y: 0 },
                  ],
                }
              : line,
          ) as Line[],
          frame.axis,
          amountChannel('y', most),
        ),
        ...(quiet
          ? [sayLayer(sent === 0 ? 'nothing was sent' : `none of ${counted(sent, 'send')}`, 14)]
          : []),
      ],
    }),
    table: seriesTable(record, ['failed', 'unknown'], (second) => [
      count(second.failed),
      count(second.unknown),
    ]),
  };
}

const tableRowsMax = 120;

/** The windows behind a chart as text, joined further where there are many. */
function seriesTable(
  record: RunRecord,
  columns: readonly string[],
  cells: (second: RecordedSecond) => string[],
): Table {
  const rows = foldSeries(record.series, tableRowsMax);
  const widthMs = rows[0]?.widthMs ?? 0;
  const joined = rows.length < record.series.length;
  return {
    columns: ['window', ...columns],
    rows: rows.map((second) => [moment(second.atMs), ...cells(second)]),
    ...(joined
      ? { note: `Windows of ${moment(widthMs)}; of joined windows the worst quantile is shown.` }
      : {}),
  };
}

/** Rates at the middle of their windows, and at both ends of the run, so that every window is whole. */
export function ratePoints(
  series: readonly RecordedSecond[],
  pick: (second: RecordedSecond) => number,
): Line['points'] {
  const first = series[0];
  const last = series.at(-1);
  if (first === undefined || last === undefined) return [];
  return [
    { t: first.atMs / 1000, y: perWindow(first, pick(first)) },
    ...series.map((second) => ({ t: middle(second), y: perWindow(second, pick(second)) })),
    { t: (last.atMs + last.widthMs) / 1000, y: perWindow(last, pick(last)) },
  ];
}

export function middle(second: RecordedSecond): number {
  return (second.atMs + second.widthMs / 2) / 1000;
}

function perWindow(second: RecordedSecond, amount: number): number {
  return second.widthMs > 0 ? (amount * 1000) / second.widthMs : 0;
}

function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}
