import type { SuiteRecord } from '../../harness/record/suite.ts';
import { count, counted, dateTime, listed, millis } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { machineRows, probesTable } from '../page/back-matter.ts';
import { chartFigure, page, type Drawn } from '../page/page.ts';
import { pairs } from '../page/table.ts';
import { priceOfSafety } from '../price-of-safety.ts';
import { brief } from '../words.ts';
import { differencesSection } from './differences.ts';
import { doubtsOf } from './doubts.ts';
import { modeTable } from './mode-table.ts';
import { cellsSection, promiseSection, recoverySection, type EvidenceOf } from './tables.ts';
import { suiteHeadline } from './words.ts';

const contents = [
  ['charts', 'Charts'],
  ['differences', 'Side by side'],
  ['steps', 'Each step'],
  ['promises', 'Promises'],
  ['recovery', 'Recovery'],
  ['doubts', 'Doubts'],
  ['cells', 'All cells'],
  ['environment', 'Environment'],
  ['reproduce', 'Do it again'],
  ['guide', 'How to read'],
] as const;

const tones = { PASS: 'good', FAIL: 'bad', INCONCLUSIVE: 'doubt' } as const;
const doubtsMax = 4;

/** The page of a suite: what each durability mode costs, and what it is worth. */
export function suitePage(
  suite: SuiteRecord,
  charts: readonly Drawn[],
  evidenceOf: EvidenceOf,
): string {
  const { word, sentence } = suiteHeadline(suite);
  return page(
    `${word}: ${suite.scenario.name}, ${counted(suite.modes.length, 'mode')} compared`,
    sentence,
    html`
${head(suite)}
<nav aria-label="Contents">${contentsOf(suite).map(([anchor, name]) => html`<a href="#${anchor}">${name}</a>`)}</nav>
<main id="main">
<section id="charts"><h2>Charts</h2>
${charts.map(chartFigure)}</section>
${differencesSection(suite)}
${stepsSection(suite)}
${promiseSection(suite, evidenceOf)}
${recoverySection(suite)}
${doubtsSection(suite)}
${cellsSection(suite, evidenceOf)}
${environmentSection(suite)}
${reproduceSection(suite)}
${guideSection()}
</main>
<footer>Made by Ackworth ${suite.version} from suite ${suite.id}. This file is complete in itself: no script, no network.</footer>`,
  );
}

function head(suite: SuiteRecord): Markup {
  const { word, sentence, price, doubts } = suiteHeadline(suite);
  const done = suite.cells.filter(({ state }) => state === 'done').length;
  const targets = [...new Set(suite.modes.map(({ target }) => target))];
  const clusters = [...new Set(suite.modes.map(({ cluster }) => cluster))];
  const shown = doubts.slice(0, doubtsMax);
  const left = doubts.length - shown.length;
  return html`<header class="${suite.verdict === 'fail' ? 'fails' : ''}">
<p class="run"><b>${suite.scenario.name}</b> on ${listed(targets)} (${listed(clusters)} ${clusters.length === 1 ? 'cluster' : 'clusters'}), ${counted(suite.modes.length, 'mode')} compared,
${count(done)} of ${counted(suite.cells.length, 'cell')} run${suite.quick && ' (quick)'}, seed ${String(suite.seed)},
<time datetime="${suite.startedAt}">${dateTime(suite.startedAt)}</time></p>
<h1><span class="word ${tones[word]}">${word}.</span> ${sentence}</h1>
<div class="evidence"><p>${price.join(' ')}</p></div>
${shown.length > 0 && html`<ul class="doubts">${shown.map((doubt) => html`<li>${brief(doubt)}</li>`)}${left > 0 && html`<li><a href="#doubts">${count(left)} more</a></li>`}</ul>`}
${modeTable(suite)}
</header>`;
}

/** Sections that say nothing are left out. */
function contentsOf(suite: SuiteRecord): readonly (readonly [string, string])[] {
  const empty = [
    ...(suite.differences.length === 0 ? ['differences'] : []),
    ...(priceOfSafety(suite).length === 0 ? ['steps'] : []),
  ];
  return contents.filter(([anchor]) => !empty.includes(anchor));
}

function stepsSection(suite: SuiteRecord): Markup {
  const steps = priceOfSafety(suite);
  if (steps.length === 0) return html``;
  return html`<section id="steps"><h2>What each step of safety costs</h2>
<ul class="steps">${steps.map((step) => html`<li>${step}</li>`)}</ul></section>`;
}

function doubtsSection(suite: SuiteRecord): Markup {
  return html`<section id="doubts"><h2>Doubts</h2>
<ul class="steps">${doubtsOf(suite).map((doubt) => html`<li>${doubt}</li>`)}</ul></section>`;
}

function environmentSection({ environment, storage, engines, modes }: SuiteRecord): Markup {
  const intervals = [
    ...new Set(
      modes.flatMap((mode) => (mode.flush === 'async' ? (mode.flushIntervalMs ?? []) : [])),
    ),
  ];
  return html`<section id="environment"><h2>Environment</h2>
${pairs([
  ...machineRows(environment),
  ...engines.map(({ cluster, note }) => [cluster, note] as const),
  ['storage under faults', `${storage.form}: ${storage.why}`],
  ['storage for prices', 'plain files, direct network'],
  ...(intervals.length === 0
    ? []
    : [['async flush', `every ${listed(intervals.map((ms) => millis(ms)))}`] as const]),
])}
<h3>The machine, before and after</h3>
${probesTable(environment)}</section>`;
}

function reproduceSection(suite: SuiteRecord): Markup {
  const cell = suite.cells.find(({ verdict }) => verdict !== 'pass') ?? suite.cells[0];
  return html`<section id="reproduce"><h2>Do it again</h2>
<p>The same seed gives the same cells in the same order; what the machine does with them is its own.</p>
<pre>${suite.command}</pre>
${
  cell !== undefined &&
  html`<p>One cell alone, into the same comparison; its name is in the table of all cells. Without <code>--only</code>, whatever is missing.</p>
<pre>npx ackworth compare --resume runs/${suite.id} --only ${cell.id}</pre>`
}
${pairs([
  ['question', suite.scenario.question],
  ['seed', String(suite.seed)],
  ['repeats', count(suite.repeats)],
  ['suite', `${suite.id}, ${dateTime(suite.startedAt)} to ${dateTime(suite.endedAt)}`],
  ['made by', `Ackworth ${suite.version}, record format ${suite.schema}`],
])}</section>`;
}

function guideSection(): Markup {
  return html`<section id="guide"><h2>How to read this report</h2>
${pairs([
  [
    'mode',
    'Flush × replication. Sync flush: an entry counts once it is on the disk; async: a timer syncs; os: the kernel decides. Replication none: one node; async: the leader acks, followers copy later; quorum: acked once a majority has it.',
  ],
  ['sustained', 'The target rate was acked in time over the whole measurement and no queue grew.'],
  [
    'response time',
    'From the moment a message was due by the schedule to its ack. Waiting to be sent counts.',
  ],
  [
    'window',
    'The mode may lose a bounded, unbroken tail of what was acked. Anything else, or more, is a violation.',
  ],
  [
    'exposed',
    'Acked, and not yet safe from this fault when it took effect: what could have been lost.',
  ],
  [
    'bounds',
    'No loss in k faults is no proof: with 95 % confidence, the chance that such a fault loses is at most 1 − 0.05^(1/k).',
  ],
  [
    'rates',
    'Only the rates that were tried are known: the limit of a mode lies between two of them.',
  ],
])}</section>`;
}
