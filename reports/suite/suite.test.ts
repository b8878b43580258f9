import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { suiteSchema } from '../../harness/record/suite.ts';
import { renderSuite, type ReportFiles } from '../index.ts';
import * as suites from '../testing/suites.ts';
import { priceChart } from './price-chart.ts';

const reports = new Map<string, ReportFiles>();
const made = Object.entries(suites).map(([name, make]) => [name, make()] as const);
for (const [name, suite] of made)
  reports.set(name, await renderSuite(suite, ({ record }) => record ?? undefined));

function reportOf(name: keyof typeof suites): ReportFiles {
  return reports.get(name)!;
}

function digest(files: ReportFiles): string {
  return createHash('sha256').update(JSON.stringify(files)).digest('hex');
}

/** What a reader sees, without markup. */
function visible(html: string): string {
  return html
    .replace(/<style>.*?<\/style>/gs, '')
    .replace(/<[^>]*>/g, '\n')
    .replaceAll('\u00a0', ' ');
}

describe.each(Object.keys(suites) as (keyof typeof suites)[])('the report of %s', (name) => {
  test('comes from a record that the schema accepts', () => {
    expect(suiteSchema.safeParse(new Map(made).get(name)).error).toBeUndefined();
  });

  test('runs nothing and fetches nothing', () => {
    const tags = reportOf(name).html.match(/<[a-z][^<>]*>/gi) ?? [];
    expect(
      tags.filter((tag) =>
        /^<(?:script|iframe|object|embed|form|base|img)\b| on[a-z]+="/i.test(tag),
      ),
    ).toEqual([]);
    expect(tags.filter((tag) => / (?:src|srcset|action|data|poster)="/.test(tag))).toEqual([]);
  });

  test('never shows NaN, undefined, null or an infinite figure, in any of its files', () => {
    const { html, charts, summaryMarkdown, junitXml } = reportOf(name);
    const odd = /.*\b(?:NaN|undefined|null|Infinity|\[object)\b.*/g;
    for (const text of [visible(html), summaryMarkdown, junitXml])
      expect(text.match(odd)).toBeNull();
    for (const { svg } of charts) expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('has balanced tags, no id twice, and a specification of its own for every chart', () => {
    const { html, charts } = reportOf(name);
    for (const tag of [
      'section',
      'table',
      'tr',
      'td',
      'th',
      'figure',
      'div',
      'svg',
      'g',
      'ul',
      'li',
      'span',
    ]) {
      const open = html.match(new RegExp(`<${tag}[ >](?![^<]*/>)`, 'g'))?.length ?? 0;
      expect(`${tag} ${html.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0}`).toBe(
        `${tag} ${open}`,
      );
    }
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(charts.map((chart) => chart.name)).toEqual(['price', 'trade-off', 'loss']);
    for (const { spec } of charts) expect(JSON.parse(spec)).toHaveProperty('layer');
  });
});

describe('the report of a suite', () => {
  test('has the same bytes for the same record', async () => {
    const again = await renderSuite(suites.suiteDone(), ({ record }) => record ?? undefined);
    expect(digest(again)).toBe(digest(reportOf('suiteDone')));
    expect(digest(again)).not.toBe(digest(reportOf('suiteHalf')));
  });

  test('escapes names that try to break out, in every file', () => {
    const { html, charts, summaryMarkdown, junitXml } = reportOf('suiteViolation');
    for (const text of [html, junitXml, summaryMarkdown, ...charts.map(({ svg }) => svg)]) {
      expect(/<script|<img/i.exec(text)?.index).toBeUndefined();
    }
    expect(html).toContain('&lt;img src=x&gt;');
  });

  test('links a cell to its evidence only where the caller found it', async () => {
    expect(reportOf('suiteDone').html).toContain(
      '<a href="cells/sync-quorum-kill-leader/record.json">sync-quorum-kill-leader</a>',
    );
    const { html } = await renderSuite(suites.suiteDone());
    expect(html).not.toContain('href="cells/');
    expect(html).toContain('<span class="muted">sync-quorum-kill-leader</span>');
  });

  test('shows all figures of a mode in the first screen, and that the limit lies beyond what was tried', () => {
    const head = visible(reportOf('suiteDone').html.split('</header>')[0]!).replace(/\s+/g, ' ');
    expect(head).toContain('PASS. All 8 modes keep what they promise.');
    expect(head).toContain('≥ 16,000/s p99 1.12 ms ▽ 1,367 lost, as it may');
    expect(head).toContain('4,000/s p99 16.0 ms ✓ none lost');
    expect(head).toContain('not in the grid');
  });

  test('puts what two clusters differ in beside each other, in the first screen and in figures', () => {
    const { html, summaryMarkdown } = reportOf('suiteTwoClusters');
    const [head, body] = html.split('</header>').map((part) => visible(part).replace(/\s+/g, ' '));
    expect(head).toContain(
      'docker beside process, sync × quorum: highest sustained rate 2,000/s instead',
    );
    expect(head).toContain('(process and docker clusters)');
    expect(body).toContain(
      '2,000/s service p50 1.76 ms 2.00 ms +240 µs (+13.6 %) +180 µs to +300 µs 3 more',
    );
    expect(body).toContain('4,000/s sustained 3 of 3 0 of 3');
    expect(body).toContain('docker Docker Engine 20.10.24, image ackworth:1 from node:20');
    expect(body).not.toContain('No two modes were run');
    expect(summaryMarkdown).toContain('### Side by side');
    expect(reportOf('suiteDone').html).not.toContain('Side by side');
  });

  test('says which promise was broken, by whom and under what', () => {
    const head = visible(reportOf('suiteViolation').html.split('</header>')[0]!).replace(
      /\s+/g,
      ' ',
    );
    expect(head).toContain(
      'FAIL. sync × quorum lost 12 of 23,762 acked messages where it may lose none (power cut, all nodes).',
    );
  });

  test('gives every latency at the median, p99 and p99.9, as far as samples support them', () => {
    const suite = suites.suiteDone();
    const [cell] = suite.cells.filter(({ price }) => price !== null);
    const figures = { p50: 1000, p99: 2000, p999: 3000 };
    const price = {
      ...cell!.price!,
      service: figures,
      response: { ...figures, p999: null },
      endToEnd: figures,
    };
    const cells = suite.cells.map((one) => (one === cell ? { ...one, price } : one));
    const { columns, rows, note } = priceChart({ ...suite, cells }).table;
    const found = rows.find(([mode, target]) => mode === 'sync × none' && target === '1,000/s')!;
    const figureOf = (column: string): string => found[columns.indexOf(column)]!;
    for (const of of ['service', 'response', 'end-to-end']) {
      expect(figureOf(`${of} p50`)).toMatch(/^1\.00\sms$/);
      expect(figureOf(`${of} p99`)).toMatch(/^2\.00\sms$/);
    }
    expect(figureOf('end-to-end p99.9')).toMatch(/^3\.00\sms$/);
    expect(figureOf('response p99.9')).toBe('–');
    expect(note).toContain('too few samples');
  });

  test('draws rates that were not sustained hollow', () => {
    const { layer } = JSON.parse(reportOf('suiteDone').charts[0]!.spec) as {
      layer: {
        mark: { type: string; fill?: string; stroke?: string };
        data: { values: { sustained?: boolean }[] };
      }[];
    };
    const points = layer.filter(({ mark }) => mark.type === 'point');
    for (const { mark, data } of points) {
      for (const { sustained } of data.values) expect(mark.fill === mark.stroke).toBe(sustained);
    }
    expect(points.some(({ mark }) => mark.fill !== mark.stroke)).toBe(true);
  });

  test('is honest about half a grid: what is missing is not known, and nothing passes for it', () => {
    const text = visible(reportOf('suiteHalf').html).replace(/\s+/g, ' ');
    expect(text).toContain('INCONCLUSIVE. No promise was seen broken, but');
    expect(text).toContain('? not known');
    expect(text).toContain('34 of 69 cells have not been run.');
    expect(text).toContain('could not be run, node 2 did not start within 10 s.');
  });

  test('of modes that sustained no rate says so instead of comparing them', () => {
    const { html, summaryMarkdown } = reportOf('suiteEverythingLost');
    expect(visible(html)).toContain('no rate sustained');
    expect(visible(html)).toContain('no rate in common at which the modes could be compared');
    expect(summaryMarkdown).toMatch(
      /^## ❌ FAIL: sync × none lost 23,500 of 23,500 acked messages/,
    );
  });

  test('of one mode without a fault claims nothing about loss', () => {
    const text = visible(reportOf('suiteOneMode').html);
    expect(text).toContain(
      'Every mode was priced; nothing was broken, so no ack was put to the test.',
    );
    expect(text).toContain('no fault has been injected');
  });

  test('tells what a cursor passed over, where one did', async () => {
    const suite = suites.suiteViolation();
    const cells = suite.cells.map((cell) => {
      const { worth } = cell;
      if (worth === null) return cell;
      return { ...cell, worth: { ...worth, lost: 12, lossBound: null, passedOver: 260 } };
    });
    const { html } = await renderSuite({ ...suite, cells }, () => undefined);
    expect(visible(html)).toContain('260 stored later were passed over');
    expect(visible(reportOf('suiteViolation').html)).not.toContain('passed over');
    const clean = suites.suiteDone();
    const one = clean.cells.find(({ worth }) => (worth?.lost ?? 0) > 0)!;
    const missing = clean.cells.map((cell) =>
      cell === one ? { ...cell, worth: { ...cell.worth!, passedOver: 260 } } : cell,
    );
    const { summaryMarkdown } = await renderSuite({ ...clean, cells: missing }, () => undefined);
    expect(summaryMarkdown.replaceAll('\u00a0', ' ')).toContain(
      '260 messages stored later were passed over, as a mode allows.',
    );
    expect(reportOf('suiteDone').summaryMarkdown).not.toContain('passed over');
  });

  test('tells how long before the fault the oldest of what was lost had been acked', () => {
    expect(visible(reportOf('suiteDone').html)).toMatch(
      /the oldest acked [\d,.]+ m?s before the fault/,
    );
  });

  test('tells what no loss in so few faults supports', () => {
    expect(visible(reportOf('suiteDone').html)).toContain(
      'such a fault loses in at most 95.0 % (95 %, 1 fault)',
    );
    expect(visible(reportOf('suiteAxes').html)).toContain(
      'such a fault loses in at most 77.6 % (95 %, 2 faults)',
    );
  });
});

describe('the test report of a suite', () => {
  const casesOf = (name: keyof typeof suites): Map<string, string> =>
    new Map(
      [
        ...reportOf(name).junitXml.matchAll(
          /<testcase classname="[^"]*" name="([^"]*)">\s*(?:<(\w+) type)?/g,
        ),
      ].map(([, id, outcome]) => [id!, outcome ?? 'passed']),
    );

  test('holds one case per cell', () => {
    expect(casesOf('suiteDone').size).toBe(suites.suiteDone().cells.length);
    expect(new Set(casesOf('suiteDone').values())).toEqual(new Set(['passed']));
  });

  test('makes a broken promise a failure, a cell that could not be run an error, no answer skipped', () => {
    expect(casesOf('suiteViolation').get('sync-quorum-power-cut-all')).toBe('failure');
    const half = suites.suiteHalf().cells;
    const outcomeOf = (is: (cell: (typeof half)[number]) => boolean): string | undefined =>
      casesOf('suiteHalf').get(half.find(is)!.id);
    expect(outcomeOf(({ state }) => state === 'failed')).toBe('error');
    expect(outcomeOf(({ state }) => state === 'missing')).toBe('skipped');
    expect(outcomeOf(({ verdict }) => verdict === 'inconclusive')).toBe('skipped');
  });
});
