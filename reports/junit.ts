import type { RunRecord } from '../harness/record/record.ts';
import { millis, none } from './format.ts';
import { escapeMarkup } from './markup.ts';
import { faultSentence, faultTitle, headlineOf, limitBound, limitName, withUnit } from './words.ts';

/**
 * Runs as JUnit XML, within what Jenkins's schema (junit-10.xsd) allows: one suite per run, one
 * case per check, limit and fault. Invalid is a failure; unknown and not-applicable are skipped,
 * with the reason; what the harness itself got wrong (a fault that did not act) is an error.
 */
export function renderJunit(records: readonly RunRecord[]): string {
  const suites = records.map(suiteOf);
  const sum = (pick: (suite: Suite) => number): number =>
    suites.reduce((total, suite) => total + pick(suite), 0);
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="ackworth" tests="${sum(({ cases }) => cases.length)}" ` +
    `failures="${sum(({ cases }) => of(cases, 'failure'))}" errors="${sum(({ cases }) => of(cases, 'error'))}">\n` +
    `${suites.map(({ text }) => text).join('')}</testsuites>\n`
  );
}

interface Case {
  readonly group: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message: string;
  readonly details: string;
}

interface Suite {
  readonly cases: readonly Case[];
  readonly text: string;
}

function suiteOf(record: RunRecord): Suite {
  const cases = distinct([
    verdictCase(record),
    ...record.verdicts.map(checkCase),
    ...record.limits.map(limitCase),
    ...record.faults.map(faultCase),
  ]);
  const seconds = Math.max(0, (Date.parse(record.endedAt) - Date.parse(record.startedAt)) / 1000);
  const name = `ackworth.${record.scenario.name}`;
  const attributes = {
    name: `${name} on ${record.target.name} (${record.durability.flush} x ${record.durability.replication}, seed ${record.seed})`,
    tests: cases.length,
    failures: of(cases, 'failure'),
    errors: of(cases, 'error'),
    skipped: of(cases, 'skipped'),
    time: seconds.toFixed(3),
    timestamp: record.startedAt.slice(0, 19),
  };
  const properties = {
    run: record.id,
    command: record.command,
    'scenario.hash': record.scenario.hash,
    version: record.version,
  };
  const text =
    ` <testsuite${attributesOf(attributes)}>\n  <properties>\n` +
    Object.entries(properties)
      .map(([key, value]) => `   <property${attributesOf({ name: key, value })}/>\n`)
      .join('') +
    `  </properties>\n${cases.map((each) => caseText(name, each)).join('')} </testsuite>\n`;
  return { cases, text };
}

function verdictCase(record: RunRecord): Case {
  const { sentence, evidence, doubts } = headlineOf(record);
  const outcome = ({ pass: 'passed', fail: 'failure', inconclusive: 'skipped' } as const)[
    record.verdict
  ];
  return {
    group: 'run',
    name: 'verdict',
    outcome,
    message: sentence,
    details: [...evidence, ...doubts].join('\n'),
  };
}

const outcomes = {
  valid: 'passed',
  invalid: 'failure',
  unknown: 'skipped',
  'not-applicable': 'skipped',
} as const;

function checkCase({ check, verdict, evidence, anomalies }: RunRecord['verdicts'][number]): Case {
  const found = anomalies.flatMap((anomaly) => [
    `${anomaly.kind}: ${anomaly.count}`,
    ...anomaly.examples.map((example) => `  ${example}`),
  ]);
  return {
    group: 'checks',
    name: check,
    outcome: outcomes[verdict],
    message: `${verdict}: ${evidence}`,
    details: [evidence, ...found].join('\n'),
  };
}

function limitCase(limit: RunRecord['limits'][number]): Case {
  const actual = limit.actual === null ? none : withUnit(limit.actual, limit.unit);
  const message = `${limit.verdict}: ${actual} against ${limitBound(limit)}`;
  return {
    group: 'limits',
    name: limitName(limit.name),
    outcome: outcomes[limit.verdict],
    message,
    details: limit.evidence,
  };
}

function faultCase(fault: RunRecord['faults'][number]): Case {
  const { injected, healed } = fault.proof;
  const worst = [injected, healed].includes('mismatch')
    ? 'error'
    : [injected, healed].includes('inconclusive')
      ? 'skipped'
      : 'passed';
  return {
    group: 'faults',
    name: `${faultTitle(fault)}, requested at ${millis(fault.requestedAtMs)}`,
    outcome: worst,
    message:
      worst === 'passed'
        ? faultSentence(fault)
        : `The fault was not proven: injection ${injected}, healing ${healed ?? 'not needed'}.`,
    details: [
      faultSentence(fault),
      fault.proof.injectedEvidence,
      fault.proof.healedEvidence,
      fault.recoveryNote,
    ]
      .filter((line) => line !== '')
      .join('\n'),
  };
}

function caseText(suite: string, { group, name, outcome, message, details }: Case): string {
  const head = `  <testcase${attributesOf({ classname: `${suite}.${group}`, name })}>\n`;
  const type = outcome === 'failure' ? 'violation' : outcome === 'error' ? 'harness' : 'no-answer';
  const what = outcome === 'passed' ? '' : `   <${outcome}${attributesOf({ type, message })}/>\n`;
  return `${head}${what}   <system-out>${escapeMarkup(details)}</system-out>\n  </testcase>\n`;
}

/** Importers key cases by name, so the second of a name gets a number. */
function distinct(cases: readonly Case[]): Case[] {
  const seen = new Map<string, number>();
  return cases.map((each) => {
    const key = `${each.group}/${each.name}`;
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    return times === 1 ? each : { ...each, name: `${each.name} (${times})` };
  });
}

function of(cases: readonly Case[], outcome: Case['outcome']): number {
  return cases.filter((each) => each.outcome === outcome).length;
}

function attributesOf(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeMarkup(String(value)).replace(/[\n\r\t]+/g, ' ')}"`)
    .join('');
}
