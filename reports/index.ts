import { strict as assert } from 'node:assert';
import type { RunRecord } from '../harness/record/record.ts';
import type { SuiteRecord } from '../harness/record/suite.ts';
import { comparisonCharts, contendersOf } from './charts/comparison-charts.ts';
import { frameOf } from './charts/frame.ts';
import { heatMapChart } from './charts/heat-map.ts';
import { draw } from './charts/render.ts';
import { spectrumChart } from './charts/spectrum.ts';
import { endToEndChart, limitOf, responseChart } from './charts/latency-charts.ts';
import { errorsChart, lagChart, throughputChart } from './charts/time-charts.ts';
import { timelineChart } from './charts/timeline.ts';
import type { Chart } from './charts/chart.ts';
import { renderJunit } from './junit.ts';
import { comparisonPage } from './page/comparison.ts';
import { runPage, type Drawn } from './page/page.ts';
import { lossChart } from './suite/loss-chart.ts';
import { suiteJunit } from './suite/junit.ts';
import { suitePage } from './suite/page.ts';
import { paretoChart } from './suite/pareto-chart.ts';
import { priceChart } from './suite/price-chart.ts';
import { suiteSummary } from './suite/summary.ts';
import type { EvidenceOf } from './suite/tables.ts';
import { renderSummary } from './summary.ts';

/** What a report consists of, as text; where to put it is the caller's business. */
export interface ReportFiles {
  /** One file, complete in itself. */
  readonly html: string;
  readonly summaryMarkdown: string;
  readonly junitXml: string;
  /** `svg` is a whole file, `spec` the Vega-Lite specification as JSON text. */
  readonly charts: readonly {
    readonly name: string;
    readonly svg: string;
    readonly spec: string;
  }[];
}

/**
 * Renders one run, or several side by side. The same records give the same bytes. Rejects only on
 * an empty list.
 */
export async function renderReport(records: readonly RunRecord[]): Promise<ReportFiles> {
  const [first] = records;
  assert(first !== undefined, 'a report needs at least one record');
  const { html, drawn } = records.length === 1 ? await runReport(first) : await comparison(records);
  return {
    html,
    summaryMarkdown: renderSummary(records),
    junitXml: renderJunit(records),
    charts: filesOf(drawn),
  };
}

/**
 * Renders a suite: what each durability mode costs, and what it is worth. The same record and the
 * same evidence give the same bytes.
 */
export async function renderSuite(
  suite: SuiteRecord,
  evidenceOf: EvidenceOf = () => undefined,
): Promise<ReportFiles> {
  const drawn = await drawAll([priceChart(suite), paretoChart(suite), lossChart(suite)]);
  return {
    html: suitePage(suite, drawn, evidenceOf),
    summaryMarkdown: suiteSummary(suite),
    junitXml: suiteJunit(suite),
    charts: filesOf(drawn),
  };
}

function filesOf(drawn: readonly Drawn[]): ReportFiles['charts'] {
  return drawn.map(({ chart, drawing }) => ({
    name: chart.name,
    svg: drawing.standalone,
    spec: drawing.spec,
  }));
}

interface Rendered {
  readonly html: string;
  readonly drawn: readonly Drawn[];
}

async function runReport(record: RunRecord): Promise<Rendered> {
  const frame = frameOf([record]);
  const { response, service, endToEnd } = record.latency;
  const timeline = await drawOne(timelineChart(record, frame));
  const charts = await drawAll([
    throughputChart(record, frame),
    responseChart(record, frame),
    endToEndChart(record, frame),
    heatMapChart(record, frame),
    lagChart(record, frame),
    errorsChart(record, frame),
    spectrumChart(
      [
        { label: 'response', role: 'first', latency: response },
        { label: 'service', role: 'second', dash: [6, 3], latency: service },
        { label: 'end-to-end', role: 'third', dash: [2, 2], latency: endToEnd },
      ],
      { limit: limitOf(record, /response/i) },
    ),
  ]);
  return { html: runPage(record, timeline.drawing, charts), drawn: [timeline, ...charts] };
}

async function comparison(records: readonly RunRecord[]): Promise<Rendered> {
  const contenders = contendersOf(records);
  const drawn = await drawAll(comparisonCharts(contenders));
  return { html: comparisonPage(contenders, drawn), drawn };
}

async function drawAll(charts: readonly Chart[]): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const chart of charts) drawn.push(await drawOne(chart));
  return drawn;
}

async function drawOne(chart: Chart): Promise<Drawn> {
  return { chart, drawing: await draw(chart) };
}
