import type { z } from 'zod';
import { storageForms, type StorageForm } from '../cluster/node-storage.ts';
import { fileSystemBytesMin } from '../file-system/kinds.ts';
import { explain } from './explain.ts';
import type { Complaint } from './explain.ts';
import { didYouMean } from './nearest.ts';
import { payloadBytesMin, type Scenario } from './schema.ts';
import { namedNodes, targetClass } from './targets.ts';

/** What a scenario may name: the registries of faults and checkers, as data. */
export interface Vocabulary {
  readonly faults: readonly FaultWord[];
  readonly checks: readonly string[];
  /** Messages per second of a scenario that names none, in place of the schema's. */
  readonly usualRate?: number;
  /** In ms, the drain of a scenario that names none, likewise. */
  readonly usualDrain?: number;
}

export interface FaultWord {
  readonly kind: string;
  readonly targets: readonly ('node' | 'consumer' | 'producer')[];
  /** False for faults that heal themselves. */
  readonly heals: boolean;
  /** Of what a scenario says under `with`. */
  readonly options: z.ZodType;
  /** What it needs of the cluster; nothing when left out. */
  readonly needs?: {
    readonly storage?: readonly StorageForm[];
    readonly links?: 'cut' | 'shape';
    readonly housing?: 'container';
  };
}

/** Phases that the harness adds by itself. */
export const reservedPhaseNames = ['warm-up', 'drain', 'final-read', 'done'] as const;

/** A batch of the reference broker may not be larger; other brokers take less or as much. */
const batchBytesMax = 1024 ** 2;

/** Shorter than two seconds, what one second of the series shows would be all that there is. */
const rateMsMin = 2000;

/** What is wrong with a well-formed scenario: fields that do not fit each other. */
export function contradictions(scenario: Scenario, vocabulary: Vocabulary): Complaint[] {
  return [
    ...topicComplaints(scenario),
    ...storageComplaints(scenario, vocabulary),
    ...workloadComplaints(scenario),
    ...phaseComplaints(scenario, vocabulary),
    ...checkComplaints(scenario, vocabulary),
    ...gridComplaints(scenario),
  ];
}

function topicComplaints({ nodes, topic }: Scenario): Complaint[] {
  const found: Complaint[] = [];
  const { replicas } = topic;
  if (replicas !== undefined && replicas > nodes) {
    found.push({
      path: ['topic', 'replicas'],
      text: `must be at most nodes (${nodes}), got ${replicas}`,
    });
  }
  if (topic.replication === 'none' && replicas !== undefined && replicas !== 1) {
    found.push({
      path: ['topic', 'replicas'],
      text: `must be 1 with replication "none", got ${replicas}`,
    });
  }
  if (topic.flushInterval === 0) {
    found.push({ path: ['topic', 'flushInterval'], text: 'must be longer than 0' });
  }
  return found;
}

/** The storage forms that all faults of the scenario can act on. */
export function allowedStorage(scenario: Scenario, vocabulary: Vocabulary): StorageForm[] {
  const kinds = scenario.phases.flatMap(({ faults }) => faults.map(({ fault }) => fault));
  const words = vocabulary.faults.filter(({ kind }) => kinds.includes(kind));
  return storageForms.filter((form) =>
    words.every(({ needs }) => needs?.storage?.includes(form) ?? true),
  );
}

function storageComplaints(scenario: Scenario, vocabulary: Vocabulary): Complaint[] {
  const { form, size } = scenario.storage;
  const bytesMin = fileSystemBytesMin[form === 'xfs' ? 'xfs' : 'ext4'];
  if (size < bytesMin) {
    const text = `must be at least ${bytesMin / 1024 ** 2} MiB for a file system, got ${size} bytes`;
    return [{ path: ['storage', 'size'], text }];
  }
  if (form === 'auto') {
    if (allowedStorage(scenario, vocabulary).length > 0) return [];
    return [
      { path: ['storage', 'form'], text: 'cannot be chosen: its faults need different forms' },
    ];
  }
  const kinds = scenario.phases.flatMap(({ faults }) => faults.map(({ fault }) => fault));
  const word = vocabulary.faults.find(
    ({ kind, needs }) => kinds.includes(kind) && needs?.storage?.includes(form) === false,
  );
  if (word === undefined) return [];
  const text = `is "${form}", and "${word.kind}" can act only on ${word.needs!.storage!.join(', ')}`;
  return [{ path: ['storage', 'form'], text }];
}

function workloadComplaints({ workload, limits }: Scenario): Complaint[] {
  const found: Complaint[] = [];
  const at = (field: string, text: string) => found.push({ path: ['workload', field], text });
  if (workload.batchSize > batchBytesMax)
    at('batchSize', `must be at most 1 MiB, got ${workload.batchSize} bytes`);
  if (workload.batchSize < payloadBytesMin) {
    at('batchSize', `must be at least ${payloadBytesMin} bytes, got ${workload.batchSize}`);
  }
  if (workload.size > batchBytesMax - 4096) {
    at('size', `must leave room for its headers in a batch of 1 MiB, got ${workload.size} bytes`);
  }
  if (workload.deliveryTimeout === 0) at('deliveryTimeout', 'must be longer than 0');
  if (workload.sessionTimeout < 500) {
    at('sessionTimeout', `must be at least 500 ms, got ${workload.sessionTimeout} ms`);
  }
  if (workload.consumers > 0 && workload.groups > workload.consumers) {
    at(
      'groups',
      `must be at most consumers (${workload.consumers}), since each needs one, got ${workload.groups}`,
    );
  }
  if (workload.consumers === 0 && limits.endToEndP99Ms !== undefined) {
    found.push({
      path: ['limits', 'endToEndP99Ms'],
      text: 'needs at least one consumer, and workload.consumers is 0',
    });
  }
  found.push(...arrivalComplaints(workload.arrival, ['workload', 'arrival']));
  return found;
}

function arrivalComplaints(
  arrival: Scenario['workload']['arrival'],
  path: PropertyKey[],
): Complaint[] {
  if (arrival.kind === 'burst') {
    if (arrival.every === 0) return [{ path: [...path, 'every'], text: 'must be longer than 0' }];
    if (arrival.for > arrival.every) {
      return [
        {
          path: [...path, 'for'],
          text: `must be at most every (${arrival.every} ms), got ${arrival.for} ms`,
        },
      ];
    }
  }
  if (arrival.kind === 'trace') {
    const index = arrival.atMs.findIndex((ms, i) => i > 0 && ms < arrival.atMs[i - 1]!);
    if (index >= 0) {
      return [{ path: [...path, 'atMs', index], text: 'must not be before the one before it' }];
    }
  }
  return [];
}

function phaseComplaints(scenario: Scenario, vocabulary: Vocabulary): Complaint[] {
  const found: Complaint[] = [];
  const names = new Set<string>(reservedPhaseNames);
  scenario.phases.forEach((phase, index) => {
    const path = ['phases', index];
    if ((reservedPhaseNames as readonly string[]).includes(phase.name)) {
      found.push({
        path: [...path, 'name'],
        text: `"${phase.name}" is a phase that the harness adds by itself; choose another name`,
      });
    } else if (names.has(phase.name)) {
      found.push({ path: [...path, 'name'], text: `"${phase.name}" is taken by an earlier phase` });
    }
    names.add(phase.name);
    if (phase.duration === 0)
      found.push({ path: [...path, 'duration'], text: 'must be longer than 0' });
    if (phase.arrival) found.push(...arrivalComplaints(phase.arrival, [...path, 'arrival']));
    phase.faults.forEach((_, step) => {
      found.push(...faultComplaints(scenario, vocabulary, index, step));
    });
  });
  return found;
}

function faultComplaints(
  scenario: Scenario,
  vocabulary: Vocabulary,
  phaseIndex: number,
  stepIndex: number,
): Complaint[] {
  const phase = scenario.phases[phaseIndex]!;
  const step = phase.faults[stepIndex]!;
  const path = ['phases', phaseIndex, 'faults', stepIndex];
  const word = vocabulary.faults.find(({ kind }) => kind === step.fault);
  if (!word) {
    const kinds = vocabulary.faults.map(({ kind }) => kind);
    const hint = didYouMean(step.fault, kinds) || `; known are ${kinds.join(', ')}`;
    return [{ path: [...path, 'fault'], text: `"${step.fault}" is not a known fault${hint}` }];
  }
  const found: Complaint[] = [];
  const at = (field: string, text: string) => found.push({ path: [...path, field], text });
  const aimed = targetClass(step.target);
  if (!word.targets.includes(aimed)) {
    at(
      'target',
      `"${step.target}" is nothing that "${word.kind}" can act on; it acts on ${word.targets.join(', ')}`,
    );
  }
  const { peers } = step.with;
  for (const [index, peer] of (Array.isArray(peers) ? peers : []).entries()) {
    const node = typeof peer === 'string' ? namedNodes(peer)[0] : undefined;
    if (node !== undefined && (node < 1 || node > scenario.nodes)) {
      const where = [...path, 'with', 'peers', index];
      found.push({
        path: where,
        text: `names node ${node}, and the cluster has ${scenario.nodes}`,
      });
    }
  }
  for (const node of namedNodes(step.target)) {
    if (node < 1 || node > scenario.nodes)
      at('target', `names node ${node}, and the cluster has ${scenario.nodes}`);
  }
  const given = word.options.safeParse(step.with);
  if (!given.success) {
    for (const { path: where, text } of explain(word.options, step.with, given.error))
      found.push({ path: [...path, 'with', ...where], text });
  }
  if (aimed === 'consumer' && scenario.workload.consumers === 0) {
    at('target', 'is a consumer, and workload.consumers is 0');
  }
  if (step.target === 'group-leader' && scenario.workload.consumers === 0) {
    at('target', 'leads groups of consumers, and workload.consumers is 0');
  }
  if (step.target === 'follower' && resolvedReplicas(scenario) < 2) {
    at('target', 'is a follower, and a topic with one replica has none');
  }
  if (phase.duration === 0) return found;
  const [from, to] = Array.isArray(step.at) ? step.at : [step.at, step.at];
  if (from > to) at('at', `must name the earlier time first, got ${from} ms and ${to} ms`);
  if (to >= phase.duration) {
    at('at', `is beyond the end of its phase, which lasts ${phase.duration} ms, got ${to} ms`);
  } else if (step.for !== undefined) {
    const victims = step.target === 'each-node' ? scenario.nodes : 1;
    const each = victims > 1 ? ` for each of ${victims} nodes` : '';
    if (!word.heals) at('for', `is not for "${word.kind}", which heals itself`);
    else if (step.for === 0) at('for', 'must be longer than 0');
    else if (to + step.for * victims > phase.duration) {
      at(
        'for',
        `ends beyond its phase: at ${to} ms plus ${step.for} ms${each} is more than ${phase.duration} ms`,
      );
    }
  }
  if (step.until !== undefined) {
    if (!word.heals) at('until', `is not for "${word.kind}", which heals itself`);
    else if (step.for !== undefined) at('until', 'says when the fault is healed, and so does for');
    else if (step.until <= to)
      at('until', `must be later than at (${to} ms), got ${step.until} ms`);
    else if (step.until > phase.duration)
      at(
        'until',
        `is beyond the end of its phase, which lasts ${phase.duration} ms, got ${step.until} ms`,
      );
  }
  return found;
}

function checkComplaints(scenario: Scenario, vocabulary: Vocabulary): Complaint[] {
  return (scenario.checks ?? []).flatMap((check, index) => {
    if (vocabulary.checks.includes(check)) return [];
    const hint =
      didYouMean(check, vocabulary.checks) || `; known are ${vocabulary.checks.join(', ')}`;
    return [{ path: ['checks', index], text: `"${check}" is not a known check${hint}` }];
  });
}

function gridComplaints({ grid }: Scenario): Complaint[] {
  if (grid === undefined) return [];
  const found: Complaint[] = [];
  const seen = new Set<string>();
  grid.modes.forEach(({ flush, replication }, index) => {
    const mode = `${flush} x ${replication}`;
    if (seen.has(mode)) {
      found.push({ path: ['grid', 'modes', index], text: `names ${mode} again` });
    }
    seen.add(mode);
  });
  const durations = [
    { path: ['grid', 'rateDuration'], ms: grid.rateDuration },
    { path: ['grid', 'quick', 'rateDuration'], ms: grid.quick?.rateDuration },
  ];
  for (const { path, ms } of durations) {
    if (ms !== undefined && ms < rateMsMin) {
      found.push({ path, text: `must be at least ${rateMsMin} ms, got ${ms} ms` });
    }
  }
  return found;
}

/** Replicas of the topic; where left open: all nodes, at most 3, and 1 with `none`. */
export function resolvedReplicas({ nodes, topic }: Scenario): number {
  return topic.replicas ?? (topic.replication === 'none' ? 1 : Math.min(nodes, 3));
}
