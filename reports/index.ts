import { strict as assert } from 'node:assert';
import type { RunRecord } from '../harness/record/record.ts';
import { frameOf } from './charts/frame.ts';
import { heatMapChart } from './charts/heat-map.ts';
import { draw } from './charts/render.ts';
import { spectrumChart } from './charts/spectrum.ts';
import { endToEndChart, errorsChart, lagChart, limitOf, responseChart, throughputChart } from './charts/time-charts.ts';
import { timelineChart } from './charts/timeline.ts';
import type { Chart } from './charts/chart.ts';
import { renderJunit } from './junit.ts';
import { runPage, type Drawn } from './page/page.ts';
import { renderSummary } from './summary.ts';

/** What a report consists of, as text; where to put it is the caller's business. */
export interface ReportFiles {
  /** One file, complete in itself. */
  readonly html: string;
  readonly summaryMarkdown: string;
  readonly junitXml: string;
  /** `svg` is a whole file, `spec` the Vega-Lite specification as JSON text. */
  readonly charts: readonly { readonly name: string; readonly svg: string; readonly spec: string }[];
}

/**
 * Renders one run, or several side by side. The same records give the same bytes. Rejects only on
 * an empty list.
 */
export async function renderReport(records: readonly RunRecord[]): Promise<ReportFiles> {
  assert(records.length > 0, 'a report needs at least one record');
  const record = records[0]!;
  const frame = frameOf([record]);
  const [timeline, ...charts] = await drawAll([
    timelineChart(record, frame),
    throughputChart(record, frame),
    responseChart(record, frame),
    endToEndChart(record, frame),
    heatMapChart(record, frame),
    lagChart(record, frame),
    errorsChart(record, frame),
    spectrumChart(
      [
        { label: 'response', role: 'first', latency: record.latency.response },
        { label: 'service', role: 'second', dash: [6, 3], latency: record.latency.service },
        { label: 'end-to-end', role: 'third', dash: [2, 2], latency: record.latency.endToEnd },
      ],
      { limit: limitOf(record, /response/i) },
    ),
  ]);
  assert(timeline !== undefined);
  return {
    html: runPage(record, timeline.drawing, charts),
    summaryMarkdown: renderSummary(records),
    junitXml: renderJunit(records),
    charts: [timeline, ...charts].map(({ chart, drawing }) => ({ name: chart.name, svg: drawing.standalone, spec: drawing.spec })),
  };
}

async function drawAll(charts: readonly Chart[]): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const chart of charts) drawn.push({ chart, drawing: await draw(chart) });
  return drawn;
}
