import { count } from '../../harness/record/count.ts';
import type { PromiseCells } from './cells/cells.ts';
import type { EngineKind, EngineSoak } from './engine-soak.ts';
import type { CellSeries } from './cells/cell-series.ts';
import type { LeftOut, NatsSeries, NatsSoak } from './nats.ts';

/** What `npm run soak` found; kept under docs. A part that was not asked for yet is not there. */
export interface SoakRecord {
  /** Made at different times, each of other scenarios. */
  readonly clean?: readonly CleanSeries[];
  /** Made at different times, each of other cells or forms. */
  readonly cells?: readonly CellBatch[];
  readonly defects?: Made & { readonly runs: readonly DefectRun[] };
  /** Made at different times, each of other faults. */
  readonly engine?: readonly EngineBatch[];
  /** Made at different times, each of other commands or versions. */
  readonly nats?: readonly NatsBatch[];
}

export type CleanSeries = Made & { readonly runs: readonly CleanRun[] };
export type CellBatch = Made & PromiseCells;
export type EngineBatch = Made & EngineSoak;
export type NatsBatch = Made & NatsSoak;

/** Of what and when a part of the record was made: the parts may come from different days. */
export interface Made {
  /** As `git describe --always --dirty` says. */
  readonly commit: string;
  readonly startedAt: string;
  /** "2 cores, AMD EPYC, Node 20.20.2" */
  readonly machine: string;
}

export interface CleanRun {
  readonly scenario: string;
  readonly seed: number;
  readonly verdict: 'pass' | 'inconclusive' | 'fail';
  readonly acked: number;
  readonly faultsConfirmed: number;
  readonly rtoMs: number | null;
  /** Empty for a pass. */
  readonly reasons: readonly string[];
}

export interface DefectRun {
  readonly defect: string;
  readonly scenario: string;
  /** Form of the nodes' storage. */
  readonly storage: string;
  /** The anomalies that must be raised. */
  readonly expected: string;
  readonly seedsTried: readonly number[];
  readonly caughtAtSeed: number | null;
  /** First witness, or what was found instead. */
  readonly evidence: string;
}

/** The record as a page. */
export function markdown({
  clean = [],
  cells = [],
  defects,
  engine = [],
  nats = [],
}: SoakRecord): string {
  return [
    '# Soak',
    '',
    'The counts that take too long for `npm test`. Made by `npm run soak`, part by part.',
    ...clean.flatMap(cleanLines),
    ...cells.flatMap(cellLines),
    ...(defects ? defectLines(defects) : []),
    ...engine.flatMap(engineLines),
    ...nats.flatMap(natsLines),
    '',
  ].join('\n');
}

/** A batch takes the place of what there was of its cells, each in its form. */
export const withCellBatch = replacing<'series', CellSeries, CellBatch>(
  'series',
  ({ cell: id, form }) => `${id} ${form}`,
);

/** A series takes the place of what there was of its scenarios. */
export const withCleanSeries = replacing<'runs', CleanRun, CleanSeries>(
  'runs',
  ({ scenario }) => scenario,
);

/** A batch takes the place of what there was of its faults. */
export const withEngineBatch = replacing<'kinds', EngineKind, EngineBatch>(
  'kinds',
  ({ kind }) => kind,
);

/** A batch takes the place of what there was of its commands, each on its version. */
export const withNatsBatch = replacing<'series', NatsSeries, NatsBatch>(
  'series',
  ({ command, version }) => `${command} ${version}`,
);

/** Parts of a batch, under `key`, take the place of earlier ones of the same name. */
function replacing<
  Key extends string,
  Part,
  Batch extends { readonly [key in Key]: readonly Part[] },
>(key: Key, nameOf: (part: Part) => string): (earlier: readonly Batch[], batch: Batch) => Batch[] {
  return (earlier, batch) => {
    const again = new Set(batch[key].map(nameOf));
    const kept = earlier.map((one): Batch => {
      return { ...one, [key]: one[key].filter((part) => !again.has(nameOf(part))) };
    });
    return [...kept.filter((one) => one[key].length > 0), batch];
  };
}

function cleanLines({ runs, ...made }: CleanSeries): string[] {
  const passed = runs.filter(({ verdict }) => verdict === 'pass').length;
  return [
    '',
    `## Clean runs: ${passed} of ${runs.length} passed`,
    '',
    ofWhat(made),
    '',
    '| scenario | seed | verdict | acked | faults confirmed | recovery ms | reasons |',
    '| --- | ---: | --- | ---: | ---: | ---: | --- |',
    ...runs.map(
      (run) =>
        `| ${run.scenario} | ${run.seed} | ${run.verdict} | ${count(run.acked)} | ` +
        `${run.faultsConfirmed} | ${shown(run.rtoMs)} | ${cell(run.reasons.join('; '))} |`,
    ),
  ];
}

function defectLines({ runs, ...made }: NonNullable<SoakRecord['defects']>): string[] {
  const caught = runs.filter(({ caughtAtSeed }) => caughtAtSeed !== null).length;
  return [
    '',
    `## Planted defects: ${caught} of ${runs.length} caught`,
    '',
    ofWhat(made),
    'Each is a wrapped part of the broker, not a flag inside it (`test/defects/`).',
    '',
    '| defect | scenario | storage | must be raised | caught at seed | seeds tried | evidence |',
    '| --- | --- | --- | --- | ---: | --- | --- |',
    ...runs.map(
      (run) =>
        `| ${run.defect} | ${run.scenario} | ${run.storage} | ${run.expected} | ` +
        `${run.caughtAtSeed ?? 'escaped'} | ${run.seedsTried.join(', ')} | ${cell(run.evidence)} |`,
    ),
  ];
}

function engineLines({ lacking, kinds, ...made }: EngineBatch): string[] {
  if (lacking !== null) return ['', '## Faults of the engine: none', '', `${lacking}.`];
  const held = kinds.filter((kind) => kind.held).length;
  return [
    '',
    `## Faults of the engine: ${held} of ${kinds.length} held`,
    '',
    ofWhat(made),
    'Each time after time on three nodes in containers, under load. A fault holds when its injection',
    'and its healing were confirmed each time, each time with messages acked in the second before,',
    'none of them was lost, and nothing was left of the run: no container, network, volume or mount.',
    '',
    '| fault | rounds | confirmed | request to effect, most | acked | lost | left | doubts |',
    '| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |',
    ...kinds.map(
      (one) =>
        `| ${one.kind} | ${one.rounds} | ${one.confirmed} | ${millis(one.effectMsMax)} | ` +
        `${count(one.acked)} | ${count(one.lost)} | ${one.left.join(', ') || 'nothing'} | ` +
        `${cell(one.doubts.join('; '))} |`,
    ),
  ];
}

function natsLines({ lacking, leftOut, series, ...made }: NatsBatch): string[] {
  if (lacking !== null) return ['', '## NATS: none', '', `${lacking}.`];
  const doubts = series.flatMap(({ command, doubts: told }) =>
    told.map(({ seed, reasons }) => `- \`${command} --seed ${seed}\`: ${reasons.join('; ')}`),
  );
  return [
    '',
    '## NATS: what its scenarios found',
    '',
    ofWhat(made),
    'Each at one seed after the other. [Findings](findings.md) says what to make of it.',
    ...(leftOut === undefined ? [] : leftOutLines(leftOut)),
    '',
    '| command | version | storage | passed | violations | with loss | most lost | window, most | acked, least | recovery, most |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...series.map(
      (one) =>
        `| \`${one.command}\` | ${one.version} | ${one.storage} | ` +
        `${one.passed} of ${one.seeds.length} | ${one.violations} | ${one.withLoss} | ` +
        `${count(one.lostMax)} | ${millis(one.lossWindowMsMax)} | ${count(one.ackedMin)} | ` +
        `${millis(one.recoveryMsMax)} |`,
    ),
    ...(doubts.length === 0 ? [] : ['', 'Not passed:', '', ...doubts.map(oneLine)]),
  ];
}

function leftOutLines({ commands, reason }: LeftOut): string[] {
  return [
    '',
    `Left out: ${oneLine(reason)}.`,
    '',
    ...commands.map((command) => `- \`${command}\``),
  ];
}

function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

function ofWhat({ commit, startedAt, machine }: Made): string {
  return `Commit ${commit}, ${startedAt}, ${machine}.`;
}

function cellLines(cells: CellBatch): string[] {
  const { jobs, seconds, lacking, series } = cells;
  const runs = series.reduce((sum, { seeds }) => sum + seeds.length, 0);
  const held = series.reduce((sum, one) => sum + one.held, 0);
  return [
    '',
    `## Promise cells: ${held} of ${runs} runs held`,
    '',
    ofWhat(cells),
    'Each cell of [the promise table](promises.md), brought about as a quick comparison does. A run',
    'holds when nothing forbidden was lost, duplicated, reordered or made up, and when, in a cell that',
    'may lose something, something was at stake. An inconclusive run does not hold.',
    `${jobs} at a time on the same cores, ${seconds} s in all: no speed can be read from these runs.`,
    ...lacking.map((sentence) => `The real form is missing: ${sentence}.`),
    '',
    '| cell | form | promise | held | exposed | exposure, least | median | with loss | most lost | acked, least | violations |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...series.map(
      (one) =>
        `| ${one.cell} | ${one.form} | ${one.promise} | ${one.held} of ${one.seeds.length} | ` +
        `${shown(one.exposed)} | ${shown(one.exposureMin)} | ${shown(one.exposureMedian)} | ` +
        `${one.withLoss} | ${count(one.lostMax)} | ${count(one.ackedMin)} | ${one.violations} |`,
    ),
    ...doubtLines(series),
  ];
}

function doubtLines(series: readonly CellSeries[]): string[] {
  const lines = series.flatMap(({ cell: id, form, doubts }) =>
    doubts.map(({ seed, reasons }) => `- ${id} on ${form}, seed ${seed}: ${reasons.join('; ')}`),
  );
  return lines.length === 0 ? [] : ['', 'Not held:', '', ...lines];
}

function millis(value: number | null): string {
  return value === null ? '-' : `${count(value)} ms`;
}

function shown(value: number | null): string {
  return value === null ? '-' : count(value);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
