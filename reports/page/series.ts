import type { RunRecord } from '../../harness/record/record.ts';
import { foldSeries } from '../charts/fold.ts';
import { html, type Markup } from '../markup.ts';

/** The windows of the run as CSV, inside the page itself: latencies in microseconds. */
export function seriesLink(record: RunRecord): Markup {
  const series = foldSeries(record.series);
  const first = series[0];
  if (first === undefined) return html``;
  const names = Object.keys(first) as (keyof typeof first)[];
  const lines = [
    names.join(','),
    ...series.map((second) => names.map((name) => cell(second[name])).join(',')),
  ];
  const data = Buffer.from(`${lines.join('\n')}\n`).toString('base64');
  return html`<a href="data:text/csv;base64,${data}" download="series.csv">All windows as CSV</a>.`;
}

function cell(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(6)));
}
