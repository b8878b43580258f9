import { faultLossInWords } from '../harness/record/loss-in-words.ts';
import type { RunRecord } from '../harness/record/record.ts';
import { accountingRows } from './accounting.ts';
import { count, dateTime, micros, moment, none, supported } from './format.ts';
import { details, fenced, joinSections, plain, signs, table } from './markdown.ts';
import { keyFigures } from './page/head.ts';
import { faultTitle, groundOf, headlineOf, limitBound, limitName, withUnit } from './words.ts';
import { recoveryTime } from './recovery-time.ts';

/** What a pull request shows of the runs: verdict, key figures, whatever does not hold. */
export function renderSummary(records: readonly RunRecord[]): string {
  return joinSections(
    records.length === 1
      ? sectionsOf(records[0]!)
      : [comparison(records), ...records.map((record) => sectionsOf(record).join('\n'))],
  );
}

function sectionsOf(record: RunRecord): string[] {
  const headline = headlineOf(record);
  const lines = [
    `## ${signs[headline.word]} ${headline.word}: ${plain(headline.sentence)}`,
    '',
    `${plain(record.scenario.name)} on ${plain(record.target.name)} ${plain(record.target.version)}, ` +
      `${count(record.cluster.nodes)} nodes (${plain(groundOf(record))}), flush ${record.durability.flush} × replication ${record.durability.replication}, ` +
      `seed ${record.seed}, ${dateTime(record.startedAt)}`,
    '',
    ...headline.evidence.map((sentence) => `- ${plain(sentence)}`),
    ...(headline.bound === undefined ? [] : [`- ${plain(headline.bound)}`]),
    ...headline.doubts.map((doubt) => `- **Why not more:** ${plain(doubt)}`),
    '',
  ];
  const figures = keyFigures(record);
  return [
    lines.join('\n'),
    table(
      figures.map(({ name }) => name),
      [figures.map(({ value, beside }) => `**${plain(value)}**<br>${plain(beside)}`)],
      true,
    ),
    checks(record),
    limits(record),
    faults(record),
    latencies(record),
    details(
      'Where every message went',
      table(
        ['class', 'messages', '', 'meaning'],
        accountingRows(record).map(({ name, figure, outOf, meaning }) => [
          name,
          figure,
          outOf,
          meaning,
        ]),
      ),
    ),
    details(
      'Do it again',
      `${fenced(record.command)}\n\nscenario hash \`${plain(record.scenario.hash)}\`, seed ${record.seed}\n`,
    ),
  ].filter((section) => section !== '');
}

function checks(record: RunRecord): string {
  if (record.verdicts.length === 0) return '';
  const rows = record.verdicts.map(({ check, verdict, evidence, anomalies }) => {
    const found = anomalies.map(
      (anomaly) =>
        ` ${anomaly.kind}: ${count(anomaly.count)}${anomaly.examples[0] === undefined ? '' : ` (${anomaly.examples[0]})`}.`,
    );
    return [check, verdict === 'invalid' ? '✗ invalid' : verdict, evidence + found.join('')];
  });
  return `### Checks\n\n${table(['check', 'verdict', 'evidence'], rows)}`;
}

function limits(record: RunRecord): string {
  if (record.limits.length === 0) return '';
  const rows = record.limits.map((limit) => [
    limitName(limit.name),
    limit.verdict === 'invalid' ? '✗ invalid' : limit.verdict,
    limitBound(limit),
    limit.actual === null ? none : withUnit(limit.actual, limit.unit),
  ]);
  return `### Limits\n\n${table(['limit', 'verdict', 'allowed', 'measured'], rows)}`;
}

function faults(record: RunRecord): string {
  if (record.faults.length === 0) return '';
  const rows = record.faults.map((fault) => [
    faultTitle(fault),
    moment(fault.effectiveAtMs),
    fault.rtoMs === null ? `not measured: ${fault.recoveryNote}` : recoveryTime(fault.rtoMs, fault),
    faultLossInWords(record, fault) ?? 'none',
    fault.proof.injected,
  ]);
  return `### Faults\n\n${table(['fault', 'effective', 'recovery', 'lost', 'proof'], rows)}`;
}

function latencies(record: RunRecord): string {
  const rows = (
    [
      ['response', 'response'],
      ['service', 'service'],
      ['endToEnd', 'end-to-end'],
    ] as const
  ).map(([key, name]) => {
    const { count: n, p50, p99, p999, max } = record.latency[key];
    return [
      name,
      count(n),
      supported(p50, 0.5, n),
      supported(p99, 0.99, n),
      supported(p999, 0.999, n),
      n === 0 ? none : micros(max),
    ];
  });
  return `### Latency\n\n${table(['latency', 'samples', 'p50', 'p99', 'p99.9', 'max'], rows)}`;
}

function comparison(records: readonly RunRecord[]): string {
  const names = keyFigures(records[0]!).map(({ name }) => name);
  const rows = records.map((record, index) => [
    String.fromCharCode(65 + index),
    record.scenario.name,
    `${record.target.name} ${record.target.version}`,
    `${record.durability.flush} × ${record.durability.replication}`,
    headlineOf(record).word,
    ...keyFigures(record).map(({ value }) => value),
  ]);
  return `# ${count(records.length)} runs side by side\n\n${table(['run', 'scenario', 'broker', 'durability', 'verdict', ...names], rows)}`;
}
