import { createHash } from 'node:crypto';
import { housings, type ClusterKind } from '../cluster/kinds.ts';
import { HarnessError } from '../errors.ts';
import { canonicalJson } from './canonical-json.ts';
import { draw } from './draw.ts';
import type {
  PlannedConsumer,
  PlannedFault,
  PlannedPhase,
  PlannedProducer,
  Plan,
} from './plan-types.ts';
import type { Scenario } from './schema.ts';
import { resolvedReplicas, type Vocabulary } from './semantics.ts';

export interface PlanOptions {
  /** Whole, from 0 to 2^53 - 1. */
  readonly seed: number;
  readonly target: string;
  readonly cluster: ClusterKind;
  readonly vocabulary: Vocabulary;
}

/**
 * Makes every choice of a checked scenario. Each choice is drawn from the seed and its own name
 * ("fault 2 at"), so that another fault or producer in the file changes nothing about the others.
 * Throws a HarnessError `usage` when a fault cannot act on a cluster of this kind.
 */
export function makePlan(checked: Scenario, options: PlanOptions): Plan {
  refuseUnhoused(checked, options);
  const scenario: Scenario = {
    ...checked,
    topic: { ...checked.topic, replicas: resolvedReplicas(checked) },
  };
  return {
    version: 1,
    seed: options.seed,
    target: options.target,
    cluster: options.cluster,
    scenario,
    scenarioHash: createHash('sha256').update(canonicalJson(scenario)).digest('hex').slice(0, 16),
    phases: plannedPhases(scenario),
    faults: plannedFaults(scenario, options),
    producers: plannedProducers(scenario, options.seed),
    consumers: plannedConsumers(scenario),
  };
}

function refuseUnhoused({ phases }: Scenario, { cluster, vocabulary }: PlanOptions): void {
  if (housings[cluster] === 'container') return;
  const kinds = phases.flatMap(({ faults }) => faults.map(({ fault }) => fault));
  const unhoused = vocabulary.faults.find(
    ({ kind, needs }) => needs?.housing === 'container' && kinds.includes(kind),
  );
  if (unhoused === undefined) return;
  const sentence = `"${unhoused.kind}" acts on containers, and --cluster ${cluster} has none`;
  throw new HarnessError('usage', `${sentence}; use --cluster docker`);
}

/** The bytes of `plan.json`. */
export function planText(plan: Plan): string {
  return canonicalJson(plan);
}

function plannedPhases(scenario: Scenario): PlannedPhase[] {
  const { workload, warmUp } = scenario;
  const phases: PlannedPhase[] = [];
  if (warmUp > 0) {
    phases.push({
      name: 'warm-up',
      startMs: 0,
      endMs: warmUp,
      rate: scenario.phases[0]?.rate ?? workload.rate,
      arrival: { kind: 'constant' },
      measured: false,
    });
  }
  let startMs = warmUp;
  for (const phase of scenario.phases) {
    phases.push({
      name: phase.name,
      startMs,
      endMs: startMs + phase.duration,
      rate: phase.rate ?? workload.rate,
      arrival: phase.arrival ?? workload.arrival,
      measured: true,
    });
    startMs += phase.duration;
  }
  return phases;
}

/** `each-node` becomes one fault per node, each after the one before it. */
function plannedFaults(scenario: Scenario, { seed, vocabulary }: PlanOptions): PlannedFault[] {
  const chains: Omit<PlannedFault, 'id' | 'after'>[][] = [];
  let phaseStart = scenario.warmUp;
  scenario.phases.forEach((phase, phaseIndex) => {
    phase.faults.forEach((step, stepIndex) => {
      const name = `phase ${phaseIndex} fault ${stepIndex}`;
      const [from, to] = Array.isArray(step.at) ? step.at : [step.at, step.at];
      const atMs = Math.round(phaseStart + from + draw(seed, `${name} at`) * (to - from));
      const word = vocabulary.faults.find(({ kind }) => kind === step.fault);
      const heals = word?.heals ?? true;
      const options = word?.options.parse(step.with) as PlannedFault['options'] | undefined;
      const targets =
        step.target === 'each-node'
          ? Array.from({ length: scenario.nodes }, (_, index) => `node-${index + 1}`)
          : [step.target];
      const phaseEnd = phaseStart + phase.duration;
      const until = step.until === undefined ? phaseEnd : phaseStart + step.until;
      const lastsMs = step.for ?? Math.floor((until - atMs) / targets.length);
      chains.push(
        targets.map((target, turn) => ({
          phase: phase.name,
          kind: step.fault,
          target,
          options: options ?? {},
          atMs: atMs + (heals ? turn * lastsMs : 0),
          healAtMs: heals ? atMs + (turn + 1) * lastsMs : null,
          pick: draw(seed, `${name} pick`),
          seed: Math.floor(draw(seed, `${name} ${target} seed`) * 2 ** 32),
        })),
      );
    });
    phaseStart += phase.duration;
  });
  return numbered(chains);
}

function numbered(
  chains: readonly (readonly Omit<PlannedFault, 'id' | 'after'>[])[],
): PlannedFault[] {
  const links = chains.flatMap((chain, chainIndex) =>
    chain.map((fault, turn) => ({ fault, chainIndex, turn })),
  );
  links.sort(
    (a, b) => a.fault.atMs - b.fault.atMs || a.chainIndex - b.chainIndex || a.turn - b.turn,
  );
  return links.map(({ fault, chainIndex, turn }, id) => {
    const before = links.findIndex(
      (link) => link.chainIndex === chainIndex && link.turn === turn - 1,
    );
    return { id, ...fault, after: before < 0 ? null : before };
  });
}

function plannedProducers({ workload }: Scenario, seed: number): PlannedProducer[] {
  return Array.from({ length: workload.producers }, (_, index) => ({
    worker: index + 1,
    seed: Math.floor(draw(seed, `producer ${index + 1}`) * 2 ** 32),
    share: 1 / workload.producers,
  }));
}

/** Consumers are dealt to the groups in turn. */
function plannedConsumers({ workload }: Scenario): PlannedConsumer[] {
  return Array.from({ length: workload.consumers }, (_, index) => ({
    worker: index + 1,
    group: `group-${(index % workload.groups) + 1}`,
  }));
}
