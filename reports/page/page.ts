import type { RunRecord } from '../../harness/record/record.ts';
import type { Chart } from '../charts/chart.ts';
import type { Drawing } from '../charts/render.ts';
import { html, trusted, type Markup } from '../markup.ts';
import { headlineOf } from '../words.ts';
import { environmentSection, guideSection, notesSection, reproduceSection } from './back-matter.ts';
import { head } from './head.ts';
import {
  accountingSection,
  checksSection,
  faultsSection,
  latencySection,
  limitsSection,
  phasesSection,
  trustSection,
} from './sections.ts';
import { seriesLink } from './series.ts';
import { style } from './style.ts';
import { figuresBehind } from './table.ts';

export interface Drawn {
  readonly chart: Chart;
  readonly drawing: Drawing;
}

const contents = [
  ['charts', 'Charts'],
  ['accounting', 'Messages'],
  ['checks', 'Checks'],
  ['limits', 'Limits'],
  ['faults', 'Faults'],
  ['latency', 'Latency'],
  ['trust', 'Trust'],
  ['environment', 'Environment'],
  ['reproduce', 'Do it again'],
  ['guide', 'How to read'],
] as const;

/** The page of one run. */
export function runPage(record: RunRecord, timeline: Drawing, charts: readonly Drawn[]): string {
  const { word, sentence } = headlineOf(record);
  return page(
    `${word}: ${record.scenario.name} on ${record.target.name}`,
    sentence,
    html`
${head(record, timeline)}
<nav aria-label="Contents">${contents.map(([anchor, name]) => html`<a href="#${anchor}">${name}</a>`)}</nav>
<main id="main">
${chartsSection(charts, seriesLink(record))}
${accountingSection(record)}
${checksSection(record)}
${limitsSection(record)}
${faultsSection(record)}
${phasesSection(record)}
${latencySection(record)}
${trustSection(record)}
${environmentSection(record)}
${reproduceSection(record)}
${notesSection(record)}
${guideSection()}
</main>
<footer>Made by Ackworth ${record.version} from record ${record.id}. This file is complete in itself: no script, no network.</footer>`,
  );
}

export function chartsSection(charts: readonly Drawn[], link: Markup): Markup {
  return html`<section id="charts"><h2>Charts</h2>
<p>All over one time axis, in seconds since the load began; each fault stands above each chart. ${link}</p>
${charts.map(chartFigure)}</section>`;
}

export function chartFigure({ chart, drawing }: Drawn): Markup {
  return html`<figure id="${chart.name}"><h3>${chart.title}</h3>
<figcaption>${chart.lead}</figcaption>
<div class="chart" tabindex="0" role="region" aria-label="${chart.title}">${trusted(drawing.inline)}</div>
${figuresBehind(chart.title, chart.table)}</figure>
`;
}

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The document around a page: no script, and a policy under which none could run. */
export function page(title: string, description: string, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${description}">
<meta name="generator" content="Ackworth">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the details</a>
${body}
</body>
</html>
`.text;
}
