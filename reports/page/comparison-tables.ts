import type { Latency, RunRecord } from '../../harness/record/record.ts';
import { accountingRows } from '../accounting.ts';
import type { Contender } from '../charts/comparison-charts.ts';
import { faultLabel } from '../charts/frame.ts';
import {
  bytes,
  count,
  counted,
  dateTime,
  micros,
  millis,
  moment,
  none,
  percent,
  perSecond,
  supported,
} from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { faultTitle, limitBound, limitName, withUnit } from '../words.ts';
import { canonical } from './back-matter.ts';
import { keyFigures } from './head.ts';
import { accountingFigure } from './sections.ts';
import { figure, tableOf, text, verdictMark, word } from './table.ts';
import { recoveryTime } from '../recovery-time.ts';

/** The tables of several runs: one column or one row for each. */

export function swatch({ role, dash }: Contender): Markup {
  return html`<svg class="swatch" viewBox="0 0 30 10" aria-hidden="true"><line x1="0" x2="30" y1="5" y2="5" stroke="var(--${role})" stroke-width="3" stroke-dasharray="${dash.join(' ')}"/></svg>`;
}

export function figuresTable(runs: readonly Contender[]): Markup {
  const names = keyFigures(runs[0]!.record).map(({ name }) => name);
  const base = runs[0]!.record;
  return tableOf(
    'Key figures',
    [word('run'), ...names.map((label) => figure(label))],
    runs.map((run, index) => {
      const ratios =
        index === 0
          ? []
          : [
              ratio(run.record.throughput.acked, base.throughput.acked),
              ratio(run.record.latency.response.p99, base.latency.response.p99),
              ratio(run.record.latency.endToEnd.p99, base.latency.endToEnd.p99),
              ratio(run.record.recovery.rtoMs, base.recovery.rtoMs),
            ];
      return [
        html`${swatch(run)}${run.letter}`,
        ...keyFigures(run.record).map(
          ({ value }, column) =>
            html`<b>${value}</b>${(ratios[column] ?? '') !== '' && html`<br><span class="muted">${ratios[column]}</span>`}`,
        ),
      ];
    }),
  );
}

/** `+12 %`. */
function ratio(value: number | null, base: number | null): string {
  if (value === null || base === null || base <= 0) return '';
  const change = value / base - 1;
  return Math.abs(change) < 0.0005
    ? 'as A'
    : `${change < 0 ? '−' : '+'}${percent(Math.abs(change))}`;
}

type Row = readonly [string, ...(Markup | string)[]];

export function matrix(
  id: string,
  title: string,
  runs: readonly Contender[],
  rows: readonly Row[],
  differences = false,
): Markup {
  const marked = rows.map(([name, ...cells]): Row => {
    const differs =
      differences &&
      new Set(cells.map((cell) => (typeof cell === 'string' ? cell : cell.text))).size > 1;
    return [
      name,
      ...cells.map((cell) => (differs ? html`<span class="differs">${cell}</span>` : cell)),
    ];
  });
  return html`<section id="${id}"><h2>${title}</h2>${differences && html`<p>What differs is in bold.</p>`}
${rows.length === 0 ? html`<p>None.</p>` : tableOf(title, [word(''), ...runs.map(({ letter }) => text(letter))], marked)}</section>`;
}

export function accountingMatrix(runs: readonly Contender[]): Row[] {
  const tables = runs.map(({ record }) => accountingRows(record));
  return tables[0]!.map(({ name }, index): Row => [
    name,
    ...tables.map(
      (rows) =>
        html`${accountingFigure(rows[index]!)}<br><span class="muted">${rows[index]!.outOf}</span>`,
    ),
  ]);
}

export function checksMatrix(runs: readonly Contender[]): Row[] {
  const names = [
    ...new Set(runs.flatMap(({ record }) => record.verdicts.map(({ check }) => check))),
  ];
  return names.map((name): Row => [
    name,
    ...runs.map(({ record }) => {
      const verdict = record.verdicts.find(({ check }) => check === name);
      if (verdict === undefined) return none;
      return html`${verdictMark(verdict.verdict)}${verdict.verdict !== 'valid' && html`<br><span class="muted">${verdict.evidence}</span>`}`;
    }),
  ]);
}

export function limitsMatrix(runs: readonly Contender[]): Row[] {
  const names = [...new Set(runs.flatMap(({ record }) => record.limits.map(({ name }) => name)))];
  return names.map((name): Row => [
    limitName(name),
    ...runs.map(({ record }) => {
      const limit = record.limits.find((candidate) => candidate.name === name);
      if (limit === undefined) return none;
      return html`${verdictMark(limit.verdict)}<br>${limit.actual === null ? none : withUnit(limit.actual, limit.unit)} (${limitBound(limit)})`;
    }),
  ]);
}

export function faults(runs: readonly Contender[]): Markup {
  const rows = runs.flatMap((run) =>
    run.record.faults.map((fault, index) => [
      faultLabel(index, run.letter),
      faultTitle(fault),
      moment(fault.effectiveAtMs),
      moment(fault.healedAtMs),
      fault.rtoMs === null ? 'not measured' : recoveryTime(fault.rtoMs, fault),
      html`${verdictMark(fault.proof.injected)} ${fault.proof.injectedEvidence}`,
    ]),
  );
  return html`<section id="faults"><h2>Faults</h2>${
    rows.length === 0
      ? html`<p>No fault was injected.</p>`
      : tableOf(
          'Faults',
          [
            word(''),
            text('fault'),
            figure('effective'),
            figure('healed'),
            figure('recovery'),
            text('proof'),
          ],
          rows,
        )
  }</section>`;
}

export function latencies(runs: readonly Contender[]): Markup {
  const kinds = [
    ['response', 'response'],
    ['service', 'service'],
    ['endToEnd', 'end-to-end'],
  ] as const;
  const row = (name: string, run: Contender, latency: Latency): (Markup | string)[] => [
    name,
    html`${swatch(run)}${run.letter}`,
    count(latency.count),
    supported(latency.p50, 0.5, latency.count),
    supported(latency.p90, 0.9, latency.count),
    supported(latency.p99, 0.99, latency.count),
    supported(latency.p999, 0.999, latency.count),
    latency.count === 0 ? none : micros(latency.max),
  ];
  return html`<section id="latency"><h2>Latency</h2>
${tableOf(
  'Latency',
  [
    word('latency'),
    word('run'),
    figure('samples'),
    figure('p50'),
    figure('p90'),
    figure('p99'),
    figure('p99.9'),
    figure('max'),
  ],
  kinds.flatMap(([key, name]) => runs.map((run) => row(name, run, run.record.latency[key]))),
)}</section>`;
}

export function trustMatrix(runs: readonly Contender[]): Row[] {
  const cells = (of: (record: RunRecord) => string): string[] =>
    runs.map(({ record }) => of(record));
  return [
    [
      'rate and latency',
      ...cells(({ validity }) => [validity.state, ...validity.reasons].join(': ')),
    ],
    ['saturated', ...cells(({ saturation }) => (saturation.saturated ? 'yes' : 'no'))],
    ['short seconds', ...cells(({ saturation }) => percent(saturation.shortSecondsFraction))],
    ['schedule lag p99', ...cells(({ saturation }) => micros(saturation.scheduleLagP99Micros))],
    [
      'event-loop delay p99',
      ...cells(({ saturation }) => micros(saturation.eventLoopDelayP99Micros)),
    ],
    ['CPU, busiest worker', ...cells(({ saturation }) => percent(saturation.cpuFractionMax))],
  ];
}

export function environmentMatrix(runs: readonly Contender[]): Row[] {
  const cells = (of: (record: RunRecord) => string): string[] =>
    runs.map(({ record }) => of(record));
  return [
    ['broker', ...cells(({ target }) => `${target.name} ${target.version}`)],
    ['nodes', ...cells(({ cluster }) => `${count(cluster.nodes)} (${cluster.kind})`)],
    ['durability', ...cells(({ durability }) => `${durability.flush} × ${durability.replication}`)],
    ['configuration', ...cells(({ target }) => canonical(target.config))],
    ['scenario', ...cells(({ scenario }) => `${scenario.name}, ${scenario.hash}`)],
    [
      'workload',
      ...cells(
        ({ workload }) =>
          `${perSecond(workload.rate)} ${workload.arrival}, ${bytes(workload.sizeBytes)}, ` +
          `${counted(workload.partitions, 'partition')}, ${counted(workload.producers, 'producer')}, ${counted(workload.consumers, 'consumer')}`,
      ),
    ],
    [
      'machine',
      ...cells(
        ({ environment }) =>
          `${environment.cpu}, ${counted(environment.cores, 'core')}, ${bytes(environment.memoryBytes)}`,
      ),
    ],
    [
      'system',
      ...cells(
        ({ environment }) =>
          `${environment.kernel}, ${environment.fileSystem}, Node ${environment.node}`,
      ),
    ],
    [
      'fsync p50, before',
      ...cells(({ environment }) => millis(environment.probes.before?.fsyncP50Ms ?? null)),
    ],
    [
      'fixed work, before',
      ...cells(({ environment }) => millis(environment.probes.before?.cpuMs ?? null)),
    ],
    ['run', ...cells((record) => `${record.id}, ${dateTime(record.startedAt)}`)],
  ];
}
