import type { EnvironmentProbe, RunRecord } from '../../harness/record/record.ts';
import {
  bytes,
  count,
  counted,
  dateTime,
  millis,
  moment,
  none,
  percent,
  perSecond,
} from '../format.ts';
import { flushInWords } from '../flush-in-words.ts';
import { html, type Markup } from '../markup.ts';
import { figure, pairs, tableOf, text, word } from './table.ts';

/** Where it ran, how to run it again, what was noted, how to read it. */

export function environmentSection(record: RunRecord): Markup {
  const { workload, durability, target } = record;
  return html`<section id="environment"><h2>Environment</h2>
${pairs([
  ...machineRows(record.environment),
  [
    'broker',
    `${target.name} ${target.version}, ${counted(record.cluster.nodes, 'node')} (${record.cluster.kind})`,
  ],
  ['storage', because(record.cluster.storage, record.cluster.note)],
  ['durability', `${flushInWords(record)}; replication ${durability.replication}`],
  [
    'workload',
    `${perSecond(workload.rate)} ${workload.arrival}, ${bytes(workload.sizeBytes)} each, ${counted(workload.keys, 'key')}, ` +
      `${counted(workload.partitions, 'partition')}, ${counted(workload.producers, 'producer')} (window ${count(workload.inFlightMax)}` +
      `${workload.idempotent ? ', idempotent' : ''}), ${counted(workload.consumers, 'consumer')} in ${counted(workload.groups, 'group')}`,
  ],
  ...timingRows(record),
  ['configuration', html`<code>${canonical(target.config)}</code>`],
])}
<h3>The machine, before and after</h3>
${probesTable(record.environment)}${resources(record)}</section>`;
}

function timingRows({ timing }: RunRecord): (readonly [string, string])[] {
  const { toFirstAckMs, tearDownMs } = timing;
  const told = [
    ...(toFirstAckMs === null ? [] : [`first ack ${millis(toFirstAckMs)} after the start`]),
    ...(tearDownMs === null ? [] : [`torn down in ${millis(tearDownMs)}`]),
  ];
  return told.length === 0 ? [] : [['the run itself', told.join(', ')]];
}

function resources(record: RunRecord): Markup {
  if (record.resources.length === 0) return html``;
  return html`<h3>What nodes and clients used</h3>
${tableOf(
  'Resources',
  [
    word('site'),
    figure('CPU time'),
    figure('memory, most'),
    word('at most'),
    figure('received'),
    figure('sent'),
    figure('read from disk'),
    figure('written'),
  ],
  record.resources.map(({ site, cpuSeconds, memoryBytesMax, network, block, limits }) => [
    site,
    `${cpuSeconds.toFixed(1)} s`,
    bytes(memoryBytesMax),
    limitsText(limits),
    ...[network?.receivedBytes, network?.sentBytes, block?.readBytes, block?.writtenBytes].map(
      (value) => (value === undefined ? none : bytes(value)),
    ),
  ]),
)}`;
}

/** "256 MiB, 0.5 CPUs" */
function limitsText({ memoryBytes, cpus }: RunRecord['resources'][number]['limits']): string {
  const told = [
    ...(memoryBytes === null ? [] : [bytes(memoryBytes)]),
    ...(cpus === null ? [] : [`${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`]),
  ];
  return told.length === 0 ? none : told.join(', ');
}

type Environment = RunRecord['environment'];

export function machineRows(environment: Environment): (readonly [string, string])[] {
  return [
    [
      'machine',
      `${environment.cpu}, ${counted(environment.cores, 'core')}, ${bytes(environment.memoryBytes)} of memory`,
    ],
    ['system', `${environment.kernel}, ${environment.fileSystem}, Node ${environment.node}`],
    ['clock domain', environment.clockDomain],
    ...carriedRows(environment),
  ];
}

function carriedRows({ carriedClock }: Environment): (readonly [string, string])[] {
  if (carriedClock === undefined) return [];
  const { domain, errorMs, driftMs, boundMs } = carriedClock;
  const drift =
    driftMs === null || boundMs === null
      ? 'not measured again at the end'
      : `moved by ${millis(driftMs)} over the run: times of messages and of faults compare to ±${millis(boundMs)}, those of messages among themselves exactly`;
  const told = `another, ${domain}, carried over: known to ±${millis(errorMs)}, ${drift}`;
  return [['clock of the workers', told]];
}

function because(what: string, why: string): string {
  return why === '' ? what : `${what}: ${why}`;
}

const probeRows: readonly (readonly [string, keyof EnvironmentProbe, string])[] = [
  ['fsync p50', 'fsyncP50Ms', 'One small write made durable.'],
  ['fsync p99', 'fsyncP99Ms', ''],
  ['loopback round trip p50', 'loopbackP50Ms', 'A byte there and back over TCP.'],
  ['loopback round trip p99', 'loopbackP99Ms', ''],
  ['fixed work', 'cpuMs', 'A slower machine takes longer for it.'],
];

export function probesTable({ probes }: Environment): Markup {
  const { before, after } = probes;
  if (before === null && after === null) return html`<p>The machine was not probed.</p>`;
  return tableOf(
    'Environment probes',
    [word('probe'), figure('before'), figure('after'), figure('change'), text('meaning')],
    probeRows.map(([name, key, meaning]) => [
      name,
      millis(before?.[key] ?? null),
      millis(after?.[key] ?? null),
      change(before?.[key] ?? 0, after?.[key] ?? 0),
      meaning,
    ]),
  );
}

/** 0 = not known. */
function change(before: number, after: number): string {
  if (before <= 0 || after <= 0) return none;
  const share = after / before - 1;
  return `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
}

/** JSON with its keys in order, so that two brokers' configurations can be compared by eye. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(
      value,
      (_, part: unknown) =>
        typeof part === 'object' && part !== null && !Array.isArray(part)
          ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
          : part,
      1,
    )?.replace(/\n\s*/g, ' ') ?? none
  );
}

export function reproduceSection(record: RunRecord): Markup {
  return html`<section id="reproduce"><h2>Do it again</h2>
<p>The same scenario, seed and overrides give the same plan, byte for byte; what the machine does with it is its own.</p>
<pre>${record.command}</pre>
${pairs([
  ['question', record.scenario.question],
  ['scenario', `${record.scenario.name}, hash ${record.scenario.hash}`],
  ['seed', String(record.seed)],
  ['run', `${record.id}, ${dateTime(record.startedAt)} to ${dateTime(record.endedAt)}`],
  ['made by', `Ackworth ${record.version}, record format ${record.schema}`],
])}</section>`;
}

const notesMax = 200;

export function notesSection(record: RunRecord): Markup {
  if (record.notes.length === 0) return html``;
  const shown = record.notes.slice(0, notesMax);
  const rest = record.notes.length - shown.length;
  return html`<section id="notes"><h2>Notes of the run</h2>
${tableOf(
  'Notes',
  [figure('at'), word('from'), text('note')],
  shown.map((note) => [moment(note.atMs), note.source, note.text]),
)}
${rest > 0 && html`<p>${count(rest)} more are in the record.</p>`}</section>`;
}

export function guideSection(): Markup {
  return html`<section id="guide"><h2>How to read this report</h2>
${pairs([
  [
    'verdict',
    'Fail: something promised did not hold. Inconclusive: it may hold, but this run cannot say so, for the reasons given. Pass: every check that applies holds, on the evidence given.',
  ],
  [
    'response time',
    'From the moment a message was due by the schedule to its ack. An outage shows in it at full length, since the schedule does not wait for the broker.',
  ],
  [
    'service time',
    'From sending to the ack. It hides the time a message had to wait to be sent; never judge by it alone.',
  ],
  ['end-to-end time', 'From the moment a message was due to the consumer’s callback.'],
  [
    'fault marks',
    html`Hollow circle: requested. Filled triangle pointing down: took effect. Hollow triangle pointing up:
      healed. Diamond: recovered, all clients served again. The pale bar is the time the fault acted, the solid one the time without service.`,
  ],
  [
    'windows',
    'Charts over time show windows of a second, joined in long runs. A joined window shows the worst quantile of its parts.',
  ],
  [
    'quantiles',
    'p99 is the time within which 99 of 100 came through. One is printed only if there are samples enough to bound it: 299 for p99, 2,995 for p99.9.',
  ],
  [
    'bounds',
    'No loss in k faults is no proof: with 95 % confidence, the chance that such a fault loses is at most 1 − 0.05^(1/k).',
  ],
])}</section>`;
}
