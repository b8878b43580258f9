import { join } from 'node:path';
import { whyNoEngine } from '../../harness/cluster/docker/testing/why-no-engine.ts';
import type { ClusterKind } from '../../harness/cluster/kinds.ts';
import { whyNoServer } from '../../harness/driver/nats/testing/why-no-server.ts';
import type { RunRecord } from '../../harness/record/record.ts';
import { runScenario } from '../../harness/run/run.ts';
import { withOverrides, type Overrides } from '../../harness/scenario/overrides.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';
import { scenarios } from '../../scenarios/index.ts';

/** A scenario with its overrides, run against NATS at one seed after the other. */
export interface NatsSeries {
  /** As a user gives it, without the seed. */
  readonly command: string;
  /** What the servers say they are. */
  readonly version: string;
  readonly storage: string;
  /** Absent in records of before it was kept. */
  readonly flush?: RunRecord['durability']['flush'];
  readonly seeds: readonly number[];
  readonly passed: number;
  readonly violations: number;
  readonly withLoss: number;
  readonly lostMax: number;
  /** How long before the fault the oldest of what was lost had been acked, at most; null = none was. */
  readonly lossWindowMsMax: number | null;
  readonly ackedMin: number;
  readonly recoveryMsMax: number | null;
  /** Of the runs that did not pass. */
  readonly doubts: readonly { readonly seed: number; readonly reasons: readonly string[] }[];
}

export interface NatsSoak {
  /** Why there are none; null when there are. */
  readonly lacking: string | null;
  /** Absent where all were made. */
  readonly leftOut?: LeftOut;
  readonly series: readonly NatsSeries[];
}

export interface LeftOut {
  readonly commands: readonly string[];
  /** A sentence. */
  readonly reason: string;
}

interface NatsPlan {
  readonly scenario: string;
  /** Processes where left out. */
  readonly cluster?: ClusterKind;
  readonly overrides: Overrides;
}

/** A shared disk sustains so much while three servers sync each write, and one of them catches up. */
const synced = { flush: 'sync', rate: 200 } as const;
const plans: readonly NatsPlan[] = [
  // Its leaders return later than those of the reference broker.
  { scenario: 'leader-kill', overrides: { ...synced, duration: '50s' } },
  { scenario: 'consumer-kill', overrides: synced },
  { scenario: 'pause-leader', overrides: { ...synced, duration: '50s' } },
  // Its routes are given up ten seconds after a cut is healed, and dialled anew.
  { scenario: 'partition', cluster: 'docker', overrides: { ...synced, duration: '75s' } },
  { scenario: 'power-cut', overrides: synced },
  { scenario: 'power-cut', overrides: { flush: 'async' } },
  { scenario: 'power-cut', cluster: 'docker', overrides: synced },
  { scenario: 'power-cut', cluster: 'docker', overrides: { flush: 'async' } },
  // Its default interval: two minutes.
  { scenario: 'lazy-sync', overrides: {} },
  { scenario: 'lazy-sync', cluster: 'docker', overrides: {} },
];

const reasonsMax = 3;
const reasonLengthMax = 300;

/** The scenarios that fit NATS, each at so many seeds: what they found, pass or not. */
export async function natsSoak(options: {
  readonly seeds: number;
  readonly from: number;
  /** Names; default: all that fit. */
  readonly scenarios?: readonly string[];
  readonly output: string;
  /** Takes all that there is so far. */
  readonly onSeries?: (soak: NatsSoak) => void;
}): Promise<NatsSoak> {
  const noServer = await whyNoServer();
  if (noServer !== undefined) return { lacking: noServer, series: [] };
  const { possible, ...without } = natsPlans(options.scenarios, await whyNoEngine());
  const series: NatsSeries[] = [];
  if (possible.length === 0) return { lacking: without.leftOut?.reason ?? null, series };
  for (const plan of possible) {
    const records: RunRecord[] = [];
    for (let at = 0; at < options.seeds; at++)
      records.push(await runOnce(plan, options.from + at, options.output));
    series.push(natsSeriesOf(commandOf(plan), records));
    options.onSeries?.({ lacking: null, ...without, series });
  }
  return { lacking: null, ...without, series };
}

/** Those of these scenarios, or all; without an engine those on Docker are left out. */
export function natsPlans(
  names: readonly string[] | undefined,
  noEngine: string | undefined,
): { readonly possible: readonly NatsPlan[]; readonly leftOut?: LeftOut } {
  const asked = plans.filter(({ scenario }) => names?.includes(scenario) ?? true);
  const contained = asked.filter(({ cluster }) => cluster === 'docker');
  if (noEngine === undefined || contained.length === 0) return { possible: asked };
  return {
    possible: asked.filter((plan) => !contained.includes(plan)),
    leftOut: { commands: contained.map(commandOf), reason: noEngine },
  };
}

/**
 * Whether it came to a verdict at each seed, and found no violation where each write is synced, so
 * that nothing may be lost. In the other modes a violation is a finding, and no failure of ours.
 */
export function isHeld({ flush, seeds, passed, violations }: NatsSeries): boolean {
  const mayLose = flush === 'async' || flush === 'os';
  return passed + violations === seeds.length && (mayLose || violations === 0);
}

/** `records` are those of one command, at least one. */
export function natsSeriesOf(command: string, records: readonly RunRecord[]): NatsSeries {
  const losses = records.map(({ accounting }) => accounting.lost);
  const { target, cluster, durability } = records[0]!;
  return {
    command,
    version: target.version,
    storage: cluster.storage,
    flush: durability.flush,
    seeds: records.map(({ seed }) => seed),
    passed: records.filter(({ verdict }) => verdict === 'pass').length,
    violations: records.filter(({ verdict }) => verdict === 'fail').length,
    withLoss: losses.filter((lost) => lost > 0).length,
    lostMax: Math.max(...losses),
    lossWindowMsMax: highest(
      records.map(({ accounting, recovery }) =>
        accounting.lost > 0 ? recovery.lossWindowMs : null,
      ),
    ),
    ackedMin: Math.min(...records.map(({ accounting }) => accounting.acked)),
    recoveryMsMax: highest(records.map(({ recovery }) => recovery.rtoMs)),
    doubts: records
      .filter(({ verdict }) => verdict !== 'pass')
      .map(({ seed, reasons }) => ({
        seed,
        reasons: reasons.slice(0, reasonsMax).map((reason) => reason.slice(0, reasonLengthMax)),
      })),
  };
}

async function runOnce(plan: NatsPlan, seed: number, output: string): Promise<RunRecord> {
  const words = vocabulary(['nats']);
  const found = scenarios.find(({ name }) => name === plan.scenario)!;
  const command = `${commandOf(plan)} --seed ${seed}`;
  const { record } = await runScenario({
    scenario: withOverrides(parseScenario(found, found.name, words), plan.overrides, words),
    seed,
    target: 'nats',
    cluster: plan.cluster ?? 'process',
    outputDirectory: join(output, plan.scenario),
    keepData: false,
    command,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const { acked, lost } = record.accounting;
  process.stderr.write(`${command}: ${record.verdict}: ${acked} acked, ${lost} lost\n`);
  return record;
}

function commandOf({ scenario, cluster, overrides }: NatsPlan): string {
  const flags = Object.entries({ cluster, ...overrides }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${String(value)}`],
  );
  return ['npx ackworth run', scenario, '--target nats', ...flags].join(' ');
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
