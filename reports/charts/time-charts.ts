import type { RecordedSecond, RunRecord } from '../../harness/record/record.ts';
import { count, counted, perSecond } from '../format.ts';
import { sayLayer, type Chart } from './chart.ts';
import { foldSeries } from './fold.ts';
import { timeSpec, type Frame } from './frame.ts';
import { lineLayers, type Line } from './lines.ts';
import { amountChannel } from './scales.ts';
import { perWindow, ratePoints, seriesTable } from './series.ts';

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
