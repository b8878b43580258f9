import { z } from 'zod';
import { storageForms } from '../cluster/node-storage.ts';
import { HarnessError } from '../errors.ts';
import { explain } from './explain.ts';
import { checkScenario } from './parse.ts';
import { byteSize, lasting, messageRate, type Scenario } from './schema.ts';
import { resolvedReplicas, type Vocabulary } from './semantics.ts';

/** What the command line may change about a scenario; the keys are the names of its options. */
export const overridesSchema = z.strictObject({
  nodes: z.number().int().min(1).max(9).optional(),
  flush: z.enum(['sync', 'async', 'os']).optional(),
  replication: z.enum(['none', 'async', 'quorum']).optional(),
  storage: z.enum(['auto', ...storageForms]).optional(),
  partitions: z.number().int().min(1).max(256).optional(),
  producers: z.number().int().min(1).max(64).optional(),
  consumers: z.number().int().min(0).max(64).optional(),
  rate: messageRate.optional(),
  size: byteSize.optional(),
  /** Of all phases together. */
  duration: lasting.optional(),
  /** False leaves every fault out. */
  faults: z.boolean().optional(),
});

export type Overrides = z.input<typeof overridesSchema>;

/**
 * The scenario with overrides applied and checked again. A rate scales the rates of phases that
 * have their own; a duration scales all phases and the times of their faults, but not how long a
 * fault lasts, which often has a meaning (longer than an election time-out). Throws a HarnessError
 * `usage` for a wrong override, `scenario` when the result contradicts itself. `source`: what its
 * sentences begin with, where the overrides are not what somebody gave.
 */
export function withOverrides(
  scenario: Scenario,
  given: Overrides,
  vocabulary: Vocabulary,
  source = sourceOf(scenario, given),
): Scenario {
  const parsed = overridesSchema.safeParse(given);
  if (!parsed.success) {
    const lines = explain(overridesSchema, given, parsed.error).map(
      ({ path, text }) => `--${path.map(String).join('.')} ${text}`,
    );
    throw new HarnessError('usage', lines.join('\n'));
  }
  const wanted = parsed.data;
  refuseTooShort(scenario, wanted);
  const nodes = wanted.nodes ?? scenario.nodes;
  const replication = wanted.replication ?? scenario.topic.replication;
  const replicas =
    replication === 'none'
      ? 1
      : Math.min(nodes, scenario.topic.replication === 'none' ? 3 : resolvedReplicas(scenario));
  const changed: Scenario = {
    ...scenario,
    nodes,
    topic: {
      ...scenario.topic,
      replication,
      replicas: scenario.topic.replicas === undefined ? undefined : replicas,
      flush: wanted.flush ?? scenario.topic.flush,
      partitions: wanted.partitions ?? scenario.topic.partitions,
    },
    storage: { ...scenario.storage, form: wanted.storage ?? scenario.storage.form },
    workload: {
      ...scenario.workload,
      producers: wanted.producers ?? scenario.workload.producers,
      consumers: wanted.consumers ?? scenario.workload.consumers,
      rate: wanted.rate ?? scenario.workload.rate,
      size: wanted.size ?? scenario.workload.size,
    },
    phases: changedPhases(scenario, wanted),
  };
  return checkScenario(changed, source, vocabulary);
}

function sourceOf({ name }: Scenario, given: Overrides): string {
  const label = Object.keys(given).map((key) => `--${key}`);
  return label.length === 0 ? name : `${name} with ${label.join(' ')}`;
}

/** Faults last as long as ever, so that some durations have no room for them. */
function refuseTooShort(scenario: Scenario, wanted: z.output<typeof overridesSchema>): void {
  if (wanted.duration === undefined || wanted.faults === false) return;
  const total = scenario.phases.reduce((sum, phase) => sum + phase.duration, 0);
  const stretches = scenario.phases.flatMap((phase) =>
    phase.faults.map(({ at, for: lastsMs = 0, target }) => {
      const victims = target === 'each-node' ? (wanted.nodes ?? scenario.nodes) : 1;
      return (lastsMs * victims) / (phase.duration - (Array.isArray(at) ? at[1] : at));
    }),
  );
  const shortestMs = total * Math.max(0, ...stretches);
  if (wanted.duration >= shortestMs) return;
  throw new HarnessError(
    'usage',
    `--duration must be at least ${Math.ceil(shortestMs / 1000)}s, so that the faults of ${scenario.name} find ` +
      'room; or leave them out with --no-faults',
  );
}

function changedPhases(
  scenario: Scenario,
  wanted: z.output<typeof overridesSchema>,
): Scenario['phases'] {
  const total = scenario.phases.reduce((sum, phase) => sum + phase.duration, 0);
  const stretch = wanted.duration === undefined || total === 0 ? 1 : wanted.duration / total;
  const faster = wanted.rate === undefined ? 1 : wanted.rate / scenario.workload.rate;
  return scenario.phases.map((phase) => ({
    ...phase,
    duration: Math.round(phase.duration * stretch),
    rate: phase.rate === undefined ? undefined : phase.rate * faster,
    faults:
      wanted.faults === false
        ? []
        : phase.faults.map((step) => ({
            ...step,
            at: Array.isArray(step.at)
              ? ([Math.round(step.at[0] * stretch), Math.round(step.at[1] * stretch)] satisfies [
                  number,
                  number,
                ])
              : Math.round(step.at * stretch),
            until: step.until === undefined ? undefined : Math.round(step.until * stretch),
          })),
  }));
}
