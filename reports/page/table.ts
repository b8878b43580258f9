import { html, type Markup } from '../markup.ts';
import type { Table } from '../charts/chart.ts';

export interface Column {
  readonly label: string;
  /** Figures stand right, so that digits align. */
  readonly figures?: boolean;
  /** Short words that must not wrap. */
  readonly nowrap?: boolean;
}

/** A column of short words that must not wrap. */
export function word(label: string): Column {
  return { label, nowrap: true };
}

/** A column of figures. */
export function figure(label: string): Column {
  return { label, figures: true };
}

/** A column of sentences. */
export function text(label: string): Column {
  return { label };
}

type Cell = Markup | string;

/** A table whose first column names its rows. On narrow screens it scrolls by itself. */
export function tableOf(
  name: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): Markup {
  return scrolling(name, columns, html`<tbody>${rows.map((row) => rowOf(columns, row))}</tbody>`);
}

/** A table of several parts, each under a name of its own; wide screens give it more room. */
export function groupedTable(
  name: string,
  columns: readonly Column[],
  groups: readonly { readonly name: string; readonly rows: readonly (readonly Cell[])[] }[],
): Markup {
  const bodies = groups
    .filter(({ rows }) => rows.length > 0)
    .map(
      (
        group,
      ) => html`<tbody><tr><th scope="rowgroup" colspan="${String(columns.length)}" class="group">${group.name}</th></tr>
${group.rows.map((row) => rowOf(columns, row))}</tbody>`,
    );
  return html`<div class="wide">${scrolling(name, columns, html`${bodies}`)}</div>`;
}

function scrolling(name: string, columns: readonly Column[], bodies: Markup): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table>
<thead><tr>${columns.map((column) => html`<th scope="col" class="${kindOf(column)}">${column.label}</th>`)}</tr></thead>
${bodies}</table></div>`;
}

function rowOf(columns: readonly Column[], row: readonly Cell[]): Markup {
  return html`<tr>${row.map((cell, index) =>
    index === 0
      ? html`<th scope="row" class="${kindOf(columns[0])}">${cell}</th>`
      : html`<td class="${kindOf(columns[index])}">${cell}</td>`,
  )}</tr>
`;
}

function kindOf(column: Column | undefined): string {
  return column?.figures === true ? 'n' : column?.nowrap === true ? 'w' : '';
}

/** The figures behind a chart, folded away. */
export function figuresBehind(title: string, table: Table): Markup {
  if (table.rows.length === 0) return html``;
  return html`<details class="behind"><summary>Figures behind “${title}”</summary>
<div class="data" tabindex="0" role="region" aria-label="Figures behind ${title}"><table>
<thead><tr>${table.columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${table.rows.map(
    (row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div>${table.note === undefined ? '' : html`<p class="muted">${table.note}</p>`}</details>`;
}

/** Names with their values, one below the other. */
export function pairs(rows: readonly (readonly [string, Cell])[]): Markup {
  return html`<dl class="pairs">${rows.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>
`,
  )}</dl>`;
}

const marks = {
  valid: ['✓', 'good'],
  confirmed: ['✓', 'good'],
  pass: ['✓', 'good'],
  invalid: ['✗', 'bad'],
  fail: ['✗', 'bad'],
  mismatch: ['✗', 'bad'],
  unknown: ['?', 'doubt'],
  inconclusive: ['?', 'doubt'],
  'not-applicable': ['–', 'muted'],
} as const;

/** A verdict as sign and word, so that it does not hang on its colour. */
export function verdictMark(verdict: keyof typeof marks): Markup {
  const [sign, tone] = marks[verdict];
  const word = verdict === 'not-applicable' ? 'not applicable' : verdict;
  return html`<span class="verdict ${tone}"><span aria-hidden="true">${sign} </span>${word}</span>`;
}
