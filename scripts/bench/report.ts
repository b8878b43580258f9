import { strict as assert } from 'node:assert';
import { performance } from 'node:perf_hooks';
import { renderReport } from '../../reports/index.ts';
import { oneHour } from '../../reports/testing/records.ts';
import type { BenchRow } from './row.ts';

const secondsMax = 5;
const megabytesMax = 2;

/** What the report of a one-hour run costs: time to render and size of the page. */
export async function reportBench(): Promise<BenchRow[]> {
  const record = oneHour();
  assert(record.series.length >= 3600, 'an hour has 3,600 windows');
  const started = performance.now();
  const { html } = await renderReport([record]);
  const seconds = (performance.now() - started) / 1000;
  const megabytes = Buffer.byteLength(html) / 1e6;
  return [
    {
      name: 'report of a one-hour run: time',
      value: Number(seconds.toFixed(3)),
      unit: 's',
      probe: null,
      ratio: null,
      goal: `under ${secondsMax} s`,
      met: seconds < secondsMax,
    },
    {
      name: 'report of a one-hour run: size',
      value: Number(megabytes.toFixed(3)),
      unit: 'MB',
      probe: null,
      ratio: null,
      goal: `under ${megabytesMax} MB`,
      met: megabytes < megabytesMax,
    },
  ];
}
