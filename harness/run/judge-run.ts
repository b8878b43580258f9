import { join } from 'node:path';
import type { MeasuredExposure } from '../checker/book/exposure.ts';
import { loadDriver } from '../driver/registry.ts';
import type { NoteEvent } from '../history/events.ts';
import { historyFiles, readHistory } from '../history/reader.ts';
import { judge } from '../judge/judge.ts';
import type { CarriedClock } from '../measure/clock-offset.ts';
import { measure, type Measurements } from '../measure/measurements.ts';
import { recordSchemaId, type RunRecord } from '../record/record.ts';
import { writeRecord } from '../record/write.ts';
import type { Plan } from '../scenario/plan-types.ts';
import {
  historyDirectoryName,
  readFacts,
  readPlan,
  recordFileName,
  type RunFacts,
} from './run-facts.ts';

/** More would drown the others, and a record stays small however long its run was. */
const notesMax = 500;

const plainCluster = { storage: 'plain', network: 'direct', note: '' } as const;

/** Plan, facts and history -> record, validated and written. Of a run that is over. */
export async function judgeRun(directory: string): Promise<RunRecord> {
  const plan = readPlan(directory);
  const facts = readFacts(directory);
  const history = join(directory, historyDirectoryName);
  const { capabilities } = await loadDriver(plan.target);
  const clockBoundMs = facts.clock?.boundMs ?? null;
  const { phases, consumers } = plan;
  const measured = measure({ directory: history, phases, consumers, clockBoundMs });
  const { response, endToEnd } = measured.latency;
  const judgement = await judge({
    directory: history,
    plan,
    capabilities,
    exposures: exposuresOf(facts),
    clockBoundMs,
    measured: {
      doubts: measured.doubts,
      responseP99Ms: measured.dueResponseP99Ms,
      due: measured.due,
      endToEndP99Ms: endToEnd.p99 === null ? null : endToEnd.p99 / 1000,
      ackedPerSecond: response.count === 0 ? null : measured.throughput.acked,
    },
  });
  const problems =
    facts.endedAt === null
      ? [...facts.problems, 'the harness was killed before the run was over']
      : facts.problems;
  const record: RunRecord = {
    ...describeRun(plan, facts, measured),
    ...judgement,
    ...decisionWith(problems, judgement),
    validity: {
      state: measured.doubts.length === 0 ? 'trusted' : 'doubtful',
      reasons: [...measured.doubts],
    },
    phases: measured.phases,
    throughput: measured.throughput,
    latency: measured.latency,
    series: measured.series,
    heatMap: measured.heatMap,
    saturation: measured.saturation,
    notes: notesOf(history, measured.originNanos),
  };
  await writeRecord(join(directory, recordFileName), record);
  return record;
}

/** What earlier versions measured is a total, which bounds the loss of no partition. */
function exposuresOf({ exposures }: RunFacts): Map<number, MeasuredExposure> {
  const known = Object.entries(exposures).filter(([, { byPartition }]) =>
    Array.isArray(byPartition),
  );
  return new Map(known.map(([fault, exposure]) => [Number(fault), exposure]));
}

/** What kept the run from its plan stands in the way of a pass; a violation stands all the same. */
function decisionWith(
  problems: readonly string[],
  { verdict, reasons }: Pick<RunRecord, 'verdict' | 'reasons'>,
): Pick<RunRecord, 'verdict' | 'reasons'> {
  if (problems.length === 0) return { verdict, reasons };
  if (verdict === 'pass') return { verdict: 'inconclusive', reasons: [...problems] };
  return {
    verdict,
    reasons: verdict === 'fail' ? [...reasons, ...problems] : [...problems, ...reasons],
  };
}

type Described = Pick<
  RunRecord,
  | 'schema'
  | 'id'
  | 'startedAt'
  | 'endedAt'
  | 'version'
  | 'command'
  | 'seed'
  | 'scenario'
  | 'target'
  | 'cluster'
  | 'durability'
  | 'workload'
  | 'environment'
  | 'resources'
  | 'timing'
>;

function describeRun(plan: Plan, facts: RunFacts, measured: Measurements): Described {
  const { name, question, nodes, topic, workload } = plan.scenario;
  const last = measured.series.at(-1);
  const lastMs = last === undefined ? 0 : Math.max(0, last.atMs + last.widthMs);
  return {
    schema: recordSchemaId,
    id: facts.id,
    startedAt: facts.startedAt,
    endedAt: facts.endedAt ?? new Date(Date.parse(facts.startedAt) + lastMs).toISOString(),
    version: facts.ackworth,
    command: facts.command,
    seed: plan.seed,
    scenario: { name, question, hash: plan.scenarioHash },
    target: facts.target,
    cluster: { kind: plan.cluster, nodes, ...(facts.cluster ?? plainCluster) },
    durability: {
      flush: topic.flush,
      replication: topic.replication,
      flushIntervalMs: topic.flush === 'async' ? topic.flushInterval : null,
    },
    workload: {
      rate: workload.rate,
      arrival: workload.arrival.kind,
      sizeBytes: workload.size,
      keys: workload.keys,
      partitions: topic.partitions,
      producers: workload.producers,
      consumers: workload.consumers,
      groups: workload.groups,
      inFlightMax: workload.inFlightMax,
      idempotent: workload.idempotent,
    },
    environment: { ...facts.environment, ...(facts.clock && { carriedClock: told(facts.clock) }) },
    resources: [...(facts.resources ?? [])],
    timing: {
      toFirstAckMs: sinceMs(facts.timing?.beganNanos, measured.firstAckedNanos),
      tearDownMs: facts.timing?.tearDownMs ?? null,
    },
  };
}

function told({ domain, errorMs, driftMs, boundMs }: CarriedClock): {
  domain: string;
  errorMs: number;
  driftMs: number | null;
  boundMs: number | null;
} {
  return { domain, errorMs, driftMs, boundMs };
}

function sinceMs(from: number | undefined, to: number | null): number | null {
  return from === undefined || to === null ? null : (to - from) / 1e6;
}

function notesOf(directory: string, originNanos: number | null): RunRecord['notes'] {
  const found: NoteEvent[] = [];
  for (const file of historyFiles(directory)) {
    readHistory(file, {
      note: (event) => {
        if (found.length < notesMax) found.push(event);
      },
    });
  }
  const origin = originNanos ?? found[0]?.time ?? 0;
  return found
    .toSorted((a, b) => a.time - b.time)
    .map(({ source, text, time }) => ({ atMs: (time - origin) / 1e6, source, text }));
}
