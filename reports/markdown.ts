import { count } from './format.ts';

/** A step summary above 1,024 KiB is refused as a whole, so sections are left out before that. */
const bytesMax = 900 * 1024;

/** Sections one after the other, as many as a step summary may hold. */
export function joinSections(sections: readonly string[]): string {
  let text = '';
  let left = 0;
  for (const section of sections) {
    const fits = Buffer.byteLength(text) + Buffer.byteLength(section) <= bytesMax - 200;
    if (fits && left === 0) text += `${section}\n`;
    else left++;
  }
  return left === 0
    ? text
    : `${text}\n_${count(left)} sections left out, to stay within the size limit; the report has them._\n`;
}

export const signs = { PASS: '✅', FAIL: '❌', INCONCLUSIVE: '❔' } as const;

export function table(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  escaped = false,
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => (escaped ? cell : plain(cell))).join(' | ')} |\n`;
  return line(columns) + `|${columns.map(() => ' --- |').join('')}\n` + rows.map(line).join('');
}

export function details(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n</details>\n`;
}

export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${oneLine(text)}\n${fence}`;
}

function oneLine(text: string): string {
  return text.replace(/[^\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+/gu, ' ');
}

/** Text that is text in Markdown, too: no tags, tables, links, mentions or emphasis of its own. */
export function plain(text: string): string {
  return oneLine(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~#@]/g, (character) => `&#${character.codePointAt(0)};`)
    .replace(/:\/\//g, '&#58;//');
}
