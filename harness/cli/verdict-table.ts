import Table from 'cli-table3';
import pc from 'picocolors';
import { faultLossInWords } from '../record/loss-in-words.ts';
import type { RunRecord } from '../record/record.ts';

const paint = {
  pass: pc.green,
  inconclusive: pc.yellow,
  fail: pc.red,
  valid: pc.green,
  unknown: pc.yellow,
  invalid: pc.red,
  'not-applicable': pc.dim,
} as const;

const wide = 100;
/** Of the rate that was wanted; less leaves a backlog behind. */
const borneMin = 0.9;

/** The verdict of one run as a person reads it: in words, then what each check found. */
export function verdictTable(record: RunRecord): string {
  const heading = `${record.scenario.name}: ${paint[record.verdict](pc.bold(record.verdict.toUpperCase()))}`;
  const reasons = record.reasons.map((reason) => `  ${reason}`);
  const table = plainTable(['check', 'verdict', 'evidence'], [22, 16, wide - 38]);
  for (const { check, verdict, evidence, anomalies } of record.verdicts) {
    const found = anomalies.map(({ kind, count, examples }) =>
      [`${kind}: ${whole(count)}`, ...examples.slice(0, 2)].join('\n  '),
    );
    table.push([check, paint[verdict](verdict), [evidence, ...found].join('\n')]);
  }
  for (const { name, verdict, evidence } of record.limits) {
    table.push([`limit ${name}`, paint[verdict](verdict), evidence]);
  }
  const { storage, note } = record.cluster;
  if (storage !== 'plain') reasons.push(`  nodes on ${storage} storage: ${note}`);
  return ['', heading, ...reasons, '', table.toString(), '', ...figures(record), ''].join('\n');
}

/** A borderless table that wraps by words. */
export function plainTable(head: string[], widths?: number[]): Table.Table {
  return new Table({
    head,
    ...(widths === undefined ? {} : { colWidths: widths }),
    wordWrap: true,
    style: { head: pc.isColorSupported ? ['bold'] : [], border: [], compact: true },
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: ' ',
    },
  });
}

function figures(record: RunRecord): string[] {
  const { throughput, latency, faults } = record;
  const ms = (micros: number | null): string =>
    micros === null ? 'too few samples' : `${(micros / 1000).toFixed(2)} ms`;
  const measuredMs = record.phases.reduce(
    (sum, { measured, startMs, endMs }) => sum + (measured ? Math.max(0, endMs - startMs) : 0),
    0,
  );
  const lines = [
    measuredMs < 1000
      ? `${whole(measuredMs)} ms of load are too few for a rate`
      : `acked ${whole(throughput.acked)}/s of ${whole(throughput.targetRate)}/s wanted, consumed ${whole(throughput.consumed)}/s`,
    ...(measuredMs >= 1000 && hasBacklog(record)
      ? ['perhaps the load was more than is borne here: a lower --rate leaves no backlog behind']
      : []),
    `response p50 ${ms(latency.response.p50)}, p99 ${ms(latency.response.p99)}, max ${ms(latency.response.max)}`,
    `end to end p50 ${ms(latency.endToEnd.p50)}, p99 ${ms(latency.endToEnd.p99)}`,
  ];
  if (record.validity.state === 'doubtful') {
    lines.push(`rates and latencies are doubtful: ${record.validity.reasons.join('; ')}`);
  }
  if (record.cluster.nodes === 1 && record.durability.replication !== 'none') {
    lines.push('one node: nothing is replicated, whatever the replication mode');
  }
  for (const fault of faults) {
    const { kind, victims, effectiveAtMs, rtoMs, rtoBoundMs, recoveryNote, proof } = fault;
    const at =
      effectiveAtMs === null ? 'never took effect' : `at ${(effectiveAtMs / 1000).toFixed(1)} s`;
    const within = rtoBoundMs === undefined ? '' : ` ±${whole(rtoBoundMs)}`;
    const recovered = rtoMs === null ? recoveryNote : `recovered in ${whole(rtoMs)}${within} ms`;
    const told = [faultLossInWords(record, fault), recovered].filter((part) => part !== undefined);
    lines.push(`${kind} ${victims.join(', ')} ${at} (${proof.injected}), ${told.join(', ')}`);
  }
  return lines.map((line) => `  ${line}`);
}

/** It came to nothing, and of what was sent much was not acked. */
function hasBacklog({ verdict, throughput: { offered, acked, targetRate } }: RunRecord): boolean {
  return (
    verdict === 'inconclusive' && offered >= borneMin * targetRate && acked < borneMin * offered
  );
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
