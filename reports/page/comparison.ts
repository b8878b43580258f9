import type { RunRecord } from '../../harness/record/record.ts';
import type { Contender } from '../charts/comparison-charts.ts';
import { counted, listed } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { headlineOf } from '../words.ts';
import { canonical, guideSection } from './back-matter.ts';
import {
  accountingMatrix,
  checksMatrix,
  environmentMatrix,
  faults,
  figuresTable,
  latencies,
  limitsMatrix,
  matrix,
  swatch,
  trustMatrix,
} from './comparison-tables.ts';
import { chartsSection, page, type Drawn } from './page.ts';
import { tableOf, text, verdictMark, word } from './table.ts';

/** The page of several runs side by side. */
export function comparisonPage(runs: readonly Contender[], charts: readonly Drawn[]): string {
  const title = `${counted(runs.length, 'run')} side by side`;
  const sentence = outcome(runs);
  return page(
    title,
    sentence,
    html`<header>
<p class="run"><b>Ackworth</b>, ${title}</p>
<h1>${sentence}</h1>
<div class="evidence"><p>Each run stands for itself: a difference between two single runs may be chance. To decide whether one
is faster or slower, repeat both and use <code>ackworth gate</code>.</p></div>
${unlike(runs)}
</header>
<main id="main">
<section id="runs"><h2>Runs</h2>
${tableOf(
  'Runs',
  [word('run'), word('verdict'), text('in words')],
  runs.map((run) => {
    const headline = headlineOf(run.record);
    return [
      html`${swatch(run)}${run.letter}`,
      verdictMark(run.record.verdict),
      html`<b>${run.name}</b><br>${headline.sentence}${headline.doubts.map((doubt) => html`<br><span class="doubt">${doubt}</span>`)}`,
    ];
  }),
)}</section>
<section id="figures"><h2>Figures</h2>
<p>The small figures are the difference from A.</p>
${figuresTable(runs)}</section>
${chartsSection(charts, html``)}
${matrix('accounting', 'Where every message went', runs, accountingMatrix(runs))}
${matrix('checks', 'Checks', runs, checksMatrix(runs))}
${matrix('limits', 'Limits', runs, limitsMatrix(runs))}
${faults(runs)}
${latencies(runs)}
${matrix('trust', 'Can the figures be trusted?', runs, trustMatrix(runs))}
${matrix('environment', 'Environment', runs, environmentMatrix(runs), true)}
<section id="reproduce"><h2>Do it again</h2>
${runs.map((run) => html`<p>${run.letter}, ${run.name}; scenario hash ${run.record.scenario.hash}, seed ${String(run.record.seed)}</p><pre>${run.record.command}</pre>`)}</section>
${guideSection()}
</main>
<footer>Made by Ackworth ${runs[0]?.record.version} from ${counted(runs.length, 'record')}. This file is complete in itself: no script, no network.</footer>`,
  );
}

function outcome(runs: readonly Contender[]): string {
  const lettersOf = (verdict: RunRecord['verdict']): string[] =>
    runs.filter(({ record }) => record.verdict === verdict).map(({ letter }) => letter);
  const told = (['fail', 'inconclusive', 'pass'] as const).flatMap((verdict) => {
    const letters = lettersOf(verdict);
    if (letters.length === 0) return [];
    const verb =
      verdict === 'pass'
        ? letters.length === 1
          ? 'passes'
          : 'pass'
        : verdict === 'fail'
          ? letters.length === 1
            ? 'fails'
            : 'fail'
          : letters.length === 1
            ? 'is inconclusive'
            : 'are inconclusive';
    return [`${letters.length > 6 ? counted(letters.length, 'run') : listed(letters)} ${verb}`];
  });
  return `${told.join('; ')}.`;
}

/** What makes the runs hard to compare. */
function unlike(runs: readonly Contender[]): Markup {
  const aspects: readonly (readonly [string, (record: RunRecord) => string])[] = [
    ['the scenario', (record) => record.scenario.hash],
    ['the workload', (record) => canonical(record.workload)],
    [
      'the machine',
      ({ environment }) =>
        [environment.cpu, environment.cores, environment.kernel, environment.fileSystem].join(),
    ],
    ['the version of Ackworth', (record) => record.version],
  ];
  const differing = aspects
    .filter(([, of]) => new Set(runs.map(({ record }) => of(record))).size > 1)
    .map(([name]) => name);
  return html`${differing.length > 0 && html`<ul class="doubts"><li>The runs differ in ${listed(differing)}: compare with care.</li></ul>`}`;
}
