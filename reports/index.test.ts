import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { recordSchema } from '../harness/record/record.ts';
import { renderReport, type ReportFiles } from './index.ts';
import * as records from './testing/records.ts';

const reports = new Map<string, ReportFiles>();
const made = Object.entries(records).map(([name, make]) => [name, make()] as const);
for (const [name, record] of made) reports.set(name, await renderReport([record]));

function reportOf(name: keyof typeof records): ReportFiles {
  return reports.get(name)!;
}

function digest(files: ReportFiles): string {
  return createHash('sha256').update(JSON.stringify(files)).digest('hex');
}

/** Text of the page without its style, its data URIs, and what only names a format. */
function fetchable(html: string): string {
  return html.replace(/<style>.*?<\/style>/gs, '').replace(/"data:[^"]*"/g, '""');
}

describe.each(Object.keys(records) as (keyof typeof records)[])('the report of %s', (name) => {
  test('comes from a record that the schema accepts', () => {
    expect(recordSchema.safeParse(new Map(made).get(name)).error).toBeUndefined();
  });

  test('is one file that fetches nothing and runs nothing', () => {
    const { html } = reportOf(name);
    const tags = html.match(/<[a-z][^<>]*>/gi) ?? [];
    const addresses = tags.flatMap((tag) => [
      ...tag.matchAll(/ (?:src|srcset|href|xlink:href|action|data|poster)="([^"]*)"/g),
    ]);
    expect(
      addresses.map(([, address]) => address).filter((address) => !/^(?:#|data:)/.test(address!)),
    ).toEqual([]);
    expect(
      tags.filter((tag) =>
        /^<(?:script|iframe|object|embed|form|base|img)\b| on[a-z]+="/i.test(tag),
      ),
    ).toEqual([]);
    expect(/url\(|@import/.exec(html)?.index).toBeUndefined();
    expect(html).toContain(
      'content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:;',
    );
  });

  test('never shows NaN, undefined, null, or a bare 0 for what was lost', () => {
    const visible = fetchable(reportOf(name).html).replace(/<[^>]*>/g, '\n');
    expect(visible.match(/.*\b(?:NaN|undefined|null|Infinity|\[object)\b.*/g)).toBeNull();
    expect(
      reportOf(name).html.match(
        /<th scope="row" class="w">lost<\/th><td class="n">(?:none|–|[1-9][\d,]*|<strong class="bad">[\d,]+<\/strong>)<\/td>/,
      ),
    ).not.toBeNull();
  });

  test('has balanced tags and no id twice', () => {
    const { html } = reportOf(name);
    for (const tag of [
      'section',
      'table',
      'tr',
      'td',
      'th',
      'figure',
      'details',
      'div',
      'svg',
      'g',
      'text',
      'dl',
      'ul',
      'span',
    ]) {
      const open = html.match(new RegExp(`<${tag}[ >](?![^<]*/>)`, 'g'))?.length ?? 0;
      const closed = html.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0;
      expect(`${tag} ${closed}`).toBe(`${tag} ${open}`);
    }
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test('names and describes every chart, and gives each a specification of its own', () => {
    const { charts, html } = reportOf(name);
    expect(charts.map((chart) => chart.name)).toEqual([
      'timeline',
      'throughput',
      'response',
      'end-to-end',
      'heat-map',
      'lag',
      'errors',
      'spectrum',
    ]);
    for (const { name: chart, svg, spec } of charts) {
      expect(html).toMatch(
        new RegExp(
          `aria-labelledby="chart-${chart}-title chart-${chart}-description"><title id="chart-${chart}-title">[^<]+</title><desc id="chart-${chart}-description">[^<]+</desc>`,
        ),
      );
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(svg.replace(/<style>.*?<\/style>/, '')).not.toContain('var(--');
      expect(JSON.parse(spec)).toMatchObject({
        $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      });
      expect(spec).not.toContain('var(--');
    }
  });
});

describe('a report', () => {
  test('has the same bytes for the same record', async () => {
    expect(digest(await renderReport([records.passWithTwoFaults()]))).toBe(
      digest(reportOf('passWithTwoFaults')),
    );
    expect(digest(reportOf('passWithTwoFaults'))).not.toBe(
      digest(reportOf('failWithLostMessages')),
    );
  });

  test('escapes names that try to break out, in every file', () => {
    const { html, charts, summaryMarkdown, junitXml } = reportOf('hostileNames');
    const summary = summaryMarkdown.replace(/^(`{3,})sh\n.*?\n\1$/gms, '');
    for (const text of [html, junitXml, summary, ...charts.map(({ svg }) => svg)]) {
      expect(/<script|<img/i.exec(text)?.index).toBeUndefined();
      expect(text.indexOf('\u0007')).toBe(-1);
    }
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
    expect(html.match(/<title>/g)).toHaveLength(1);
  });

  test('of an hour stays under 2 MB and keeps its outages', () => {
    const { html } = reportOf('oneHour');
    expect(Buffer.byteLength(html)).toBeLessThan(2e6);
    expect(html).toContain('18 faults confirmed');
  });

  test('puts all time charts on one time axis', () => {
    const domains = reportOf('passWithTwoFaults')
      .charts.filter(({ name }) => name !== 'spectrum')
      .map(({ spec }) => {
        const { width, padding } = JSON.parse(spec) as {
          width: number;
          padding: { left: number; right: number };
        };
        const [, domain] =
          /"scale":\{"domain":(\[[^\]]*\]),"nice":false,"zero":false\}/.exec(spec) ?? [];
        return JSON.stringify([width, padding.left, padding.right, domain]);
      });
    expect(new Set(domains).size).toBe(1);
    expect(domains[0]).toContain('[0,57]');
  });

  test('leaves a gap where there is no quantile, and never draws a zero on a log axis', () => {
    const { spec } = reportOf('failWithLostMessages').charts.find(
      ({ name }) => name === 'response',
    )!;
    expect(spec).toMatch(/\{"t":24\.5,"y":null\}/);
    expect(spec).not.toMatch(/"t":[\d.]+,"y":0\}/);
  });

  test('keeps the whole of a reason that the first screen cuts short', async () => {
    const long = `drain: ${'partition 0 is short; '.repeat(30)}`.trimEnd();
    const { html } = await renderReport([
      { ...records.shortRun(), verdict: 'inconclusive', reasons: [long] },
    ]);
    expect(html.split('<section id="checks">')[0]).not.toContain(long.slice(1));
    expect(html.split('<section id="checks">')[1]).toContain(long.slice(1));
  });

  test('refuses an empty list', async () => {
    await expect(renderReport([])).rejects.toThrow('at least one record');
  });
});

describe('several runs side by side', () => {
  const runs = [
    records.passWithTwoFaults(7),
    records.passWithTwoFaults(8),
    records.failWithLostMessages(),
    records.nullEverything(),
  ];

  test('share charts, with a letter, a dash and a name for each', async () => {
    const { html, charts } = await renderReport(runs);
    expect(charts.map(({ name }) => name)).toEqual([
      'throughput',
      'response',
      'end-to-end',
      'spectrum',
      'heat-map-a',
      'heat-map-b',
      'heat-map-c',
      'heat-map-d',
    ]);
    expect(html).toContain('C fails; D is inconclusive; A and B pass.');
    expect(html).toContain('The runs differ in the workload: compare with care.');
    expect(charts[0]!.svg).toMatch(/>A F1<.*>B F1<.*>C F1</s);
    expect(html).not.toMatch(/\b(?:NaN|undefined|Infinity)\b/);
  });

  test('may be more than there are colours', async () => {
    const many = Array.from({ length: 9 }, () => records.shortRun());
    const { html } = await renderReport(many);
    expect(html).toContain('9 runs pass.');
  });
});
