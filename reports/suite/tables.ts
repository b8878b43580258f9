import type { SuiteCell, SuiteRecord } from '../../harness/record/suite.ts';
import { count, millis, none, percent, perSecond, share, micros } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { figure, groupedTable, tableOf, text, verdictMark, word } from '../page/table.ts';
import { asSentence } from '../words.ts';
import { lossClasses } from './classes.ts';
import { exposureWords } from './loss-chart.ts';
import { faultNames, faultsOf, modeName, worthOf, worths, type WorthSum } from './sums.ts';

/** Where a cell's own report or record is, from the page; undefined where there is none. */
export type EvidenceOf = (cell: SuiteCell) => string | undefined;

export function promiseSection(suite: SuiteRecord, evidenceOf: EvidenceOf): Markup {
  const groups = suite.modes.map((mode) => ({
    name: modeName(mode),
    rows: worths(suite)
      .filter((worth) => worth.mode === mode)
      .map((worth) => promiseRow(worth, evidenceOf)),
  }));
  return html`<section id="promises"><h2>Promised and observed</h2>
<p>Exposed is what was acked and not yet safe from this fault at the moment it took effect. A mode that may lose and had nothing exposed has shown nothing, and is not known.</p>
${
  groups.every(({ rows }) => rows.length === 0)
    ? html`<p>No fault has been injected.</p>`
    : groupedTable(
        'Promised and observed',
        [
          word('fault'),
          text('promised'),
          word('observed'),
          figure('lost'),
          figure('exposed'),
          text('what it supports'),
          text('evidence'),
        ],
        groups,
      )
}</section>`;
}

function promiseRow(worth: WorthSum, evidenceOf: EvidenceOf): (Markup | string)[] {
  const { lost, acked, cells } = worth;
  return [
    faultNames[worth.fault],
    promised(worth),
    observed(worth),
    html`${lost === 0 ? 'none' : count(lost)}<br><span class="muted">${lost > 0 && `${share(lost, acked)} `}of ${count(acked)}</span>`,
    exposureWords(worth),
    supports(worth),
    html`${cells.map((cell, index) => evidence(cell, evidenceOf, cells.length > 1 ? ` ${index + 1}` : ''))}`,
  ];
}

/** Cells have their names in the table of all cells; here they would fill the page. */
function evidence(cell: SuiteCell, evidenceOf: EvidenceOf, repeat: string): Markup {
  const address = evidenceOf(cell);
  return address === undefined
    ? html`<span class="muted">${none}</span>`
    : html`<a class="w" href="${address}" aria-label="${cell.id}" title="${cell.id}">record${repeat}</a> `;
}

function promised({ promise }: WorthSum): Markup {
  const loss = { none: 'none lost', window: 'a window', may: 'may lose a tail' }[promise.loss];
  return html`${loss}${promise.bound !== '' && html`<br><span class="muted">${promise.bound}</span>`}`;
}

function observed({ observed: loss }: WorthSum): Markup {
  const { sign, tone, label } = lossClasses[loss];
  return html`<span class="verdict ${tone}"><span aria-hidden="true">${sign} </span>${label}</span>`;
}

/** Never a bare 0: what no loss in so few faults says. */
function supports(worth: WorthSum): string {
  const { lossBound, faultsConfirmed, vanished, passedOver, lossWindowMs, lost } = worth;
  const faults = `${count(faultsConfirmed)} ${faultsConfirmed === 1 ? 'fault' : 'faults'}`;
  if (lossBound !== null)
    return `such a fault loses in at most ${percent(lossBound)} (95 %, ${faults})`;
  if (lost === 0) return `nothing (${faults} confirmed)`;
  const oldest = lossWindowMs
    ? `${lost === 1 ? '' : 'the oldest '}acked ${millis(lossWindowMs)} before the fault`
    : '';
  const seen = vanished === 0 ? '' : `${count(vanished)} had been delivered`;
  const missed = passedOver === 0 ? '' : `${count(passedOver)} stored later were passed over`;
  return (
    [oldest, seen, missed].filter((part) => part !== '').join('; ') || `it happens (${faults})`
  );
}

function link(cell: SuiteCell, evidenceOf: EvidenceOf): Markup {
  const address = evidenceOf(cell);
  return address === undefined
    ? html`<span class="muted">${cell.id}</span>`
    : html`<a href="${address}">${cell.id}</a>`;
}

export function recoverySection(suite: SuiteRecord): Markup {
  const faults = faultsOf(suite);
  return html`<section id="recovery"><h2>Recovery times</h2>
<p>From the moment the fault took effect until every client was served again; the slowest of the repeats. It includes the time for which the fault was held.</p>
${
  faults.length === 0
    ? html`<p>No fault has been injected.</p>`
    : tableOf(
        'Recovery times',
        [word('mode'), ...faults.map((fault) => figure(faultNames[fault]))],
        suite.modes.map((mode) => [
          modeName(mode),
          ...faults.map((fault) => {
            const worth = worthOf(suite, mode, fault);
            if (worth === undefined) return none;
            return worth.recoveryMs === null ? 'not measured' : millis(worth.recoveryMs);
          }),
        ]),
      )
}</section>`;
}

export function cellsSection(suite: SuiteRecord, evidenceOf: EvidenceOf): Markup {
  return html`<section id="cells"><h2>All cells</h2>
<p>In the order of the grid; “run as” is the place in the order in which they were run, drawn from the seed.</p>
${tableOf(
  'All cells',
  [word('cell'), figure('run as'), word('state'), text('found'), text('notes')],
  suite.cells.map((cell) => [
    link(cell, evidenceOf),
    count(cell.order),
    cell.verdict === null
      ? html`<span class="verdict doubt">${cell.state}</span>`
      : html`${verdictMark(cell.verdict)}`,
    foundIn(cell),
    [cell.note, ...(cell.verdict === 'pass' ? [] : cell.reasons), ...(cell.price?.doubtful ?? [])]
      .filter((line) => line !== '')
      .map(asSentence)
      .join(' '),
  ]),
)}</section>`;
}

/** What one cell found, in one line. */
export function foundIn({ price, worth }: SuiteCell): string {
  if (price !== null) {
    const { acked, targetRate, sustained, response } = price;
    return `${count(acked)} of ${perSecond(targetRate)} acked, ${sustained ? 'sustained' : 'not sustained'}, p99\u00a0${micros(response.p99)}`;
  }
  if (worth === null) return none;
  const extra = [
    ...(worth.duplicates > 0 ? [`${count(worth.duplicates)} duplicates`] : []),
    ...(worth.reordered > 0 ? [`${count(worth.reordered)} out of order`] : []),
    ...(worth.unknown > 0 ? [`${count(worth.unknown)} with unknown outcome`] : []),
  ];
  const lost = worth.lost === 0 ? 'none' : count(worth.lost);
  return [`${lost} of ${count(worth.acked)} acked lost`, ...extra].join(', ');
}
