import type { RunRecord } from '../harness/record/record.ts';
import { millis, none } from './format.ts';
import { junitXml, type Case, type CaseSuite } from './junit-xml.ts';
import { faultSentence, faultTitle, headlineOf, limitBound, limitName, withUnit } from './words.ts';

/**
 * Runs as JUnit XML: one suite per run, one case per check, limit and fault. Invalid is a failure;
 * unknown and not-applicable are skipped, with the reason; what the harness itself got wrong (a
 * fault that did not act) is an error.
 */
export function renderJunit(records: readonly RunRecord[]): string {
  return junitXml(records.map(suiteOf));
}

function suiteOf(record: RunRecord): CaseSuite {
  const name = `ackworth.${record.scenario.name}`;
  return {
    name,
    title: `${name} on ${record.target.name} (${record.durability.flush} x ${record.durability.replication}, seed ${record.seed})`,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    properties: {
      run: record.id,
      command: record.command,
      'scenario.hash': record.scenario.hash,
      version: record.version,
    },
    cases: [
      verdictCase(record),
      ...record.verdicts.map(checkCase),
      ...record.limits.map(limitCase),
      ...record.faults.map(faultCase),
    ],
  };
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
