import type { RecordedSecond, RunRecord } from '../../harness/record/record.ts';
import { moment } from '../format.ts';
import type { Table } from './chart.ts';
import { foldSeries } from './fold.ts';
import type { Line } from './lines.ts';

const tableRowsMax = 120;

/** The windows behind a chart as text, joined further where there are many. */
export function seriesTable(
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

export function perWindow(second: RecordedSecond, amount: number): number {
  return second.widthMs > 0 ? (amount * 1000) / second.widthMs : 0;
}
