import parseDuration from 'parse-duration';
import { z } from 'zod';
import { storageForms } from '../cluster/node-storage.ts';
import { gridFaults } from '../record/suite.ts';
import { didYouMean } from './nearest.ts';
import { targets } from './targets.ts';

/**
 * A scenario is data: what load, which faults, what must hold, within which limits. It has no
 * logic and no randomness; `plan.ts` makes every choice from it and a seed.
 */

/** `"30s"`, `"1m30s"`, `"200ms"`; a bare number is refused, since nobody agrees on its unit. */
export const duration = z
  .string('must be a duration such as "30s" or "200ms"')
  .transform((text, context) => {
    const ms = /[a-zµ]/i.test(text) ? parseDuration(text) : null;
    if (ms === null || ms === undefined || !(ms >= 0)) {
      context.addIssue({
        code: 'custom',
        message: `"${text}" is not a duration such as "30s" or "200ms"`,
      });
      return z.NEVER;
    }
    return ms;
  });

/** Of what a broker is told, and counts in whole milliseconds. */
const wholeMs = duration.refine((ms) => Number.isInteger(ms) && ms <= 0xffff_ffff, {
  message: 'must be whole milliseconds, at most 49 days',
});

const day = 86_400_000;

/** Of one phase, and of all of a run together. */
export const lasting = duration.refine((ms) => ms <= day, { message: 'must be at most 24 h' });

/** Messages per second over all producers. */
export const messageRate = z.number().positive().max(10_000_000);

const units = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
} as const;

/** `"100B"`, `"1KiB"`, or a number of bytes. */
export const byteSize = z
  .union([z.number().int().positive(), z.string()])
  .transform((given, context) => {
    if (typeof given === 'number') return given;
    const match = /^(\d+(?:\.\d+)?)\s*([KMG]?i?B)$/i.exec(given.trim());
    if (match)
      return Math.round(Number(match[1]) * units[match[2]!.toUpperCase() as keyof typeof units]);
    context.addIssue({
      code: 'custom',
      message: `"${given}" is not a size such as "100B" or "1KiB"`,
    });
    return z.NEVER;
  });

/** The smallest payload that carries the generator's own header. */
export const payloadBytesMin = 64;

const arrival = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant') }),
  z.strictObject({ kind: z.literal('poisson') }),
  /** From `rate` to `to`, linearly over the phase. */
  z.strictObject({ kind: z.literal('ramp'), to: z.number().positive() }),
  /** `rate`, times `factor` for `for` in each `every`. */
  z.strictObject({
    kind: z.literal('burst'),
    factor: z.number().positive(),
    every: duration,
    for: duration,
  }),
  /** Steps of equal length through these rates. */
  z.strictObject({ kind: z.literal('step'), rates: z.array(z.number().positive()).min(1) }),
  /** Offsets from the start of the phase, in milliseconds, rising; repeats when it ends. */
  z.strictObject({ kind: z.literal('trace'), atMs: z.array(z.number().nonnegative()).min(1) }),
]);

const roles = targets.map(({ name }) => name);

/** A role, resolved when the fault is injected; or nodes by number: `node-2`, `node-1+node-2`. */
const faultTarget = z.string().superRefine((text, context) => {
  if (roles.includes(text) || /^node-\d(\+node-\d)*$/.test(text)) return;
  const known = `there are ${roles.join(', ')}, and nodes such as node-2 or node-1+node-2`;
  context.addIssue({
    code: 'custom',
    message: `"${text}" is no target${didYouMean(text, roles) || `; ${known}`}`,
  });
});

const faultStep = z.strictObject({
  /** A name of the fault registry; an unknown one fails at load. */
  fault: z.string(),
  target: faultTarget,
  /** From the start of the phase; a pair draws uniformly between the two from the seed. */
  at: z.union([duration, z.tuple([duration, duration])]),
  /** Until healed; not for faults that heal themselves. */
  for: duration.optional(),
  /** In place of `for`: from the start of the phase; unlike it, `--duration` stretches it too. */
  until: duration.optional(),
  /** What this fault lets one choose; see `ackworth list`. */
  with: z.record(z.string(), z.unknown()).default({}),
});

const phase = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes'),
  duration: lasting,
  /** Messages per second over all producers; default: the workload's. */
  rate: messageRate.optional(),
  arrival: arrival.optional(),
  faults: z.array(faultStep).default([]),
});

export const limits = z.strictObject({
  responseP99Ms: z.number().positive().optional(),
  endToEndP99Ms: z.number().positive().optional(),
  /** Acked messages per second, over the measured phases. */
  ackedRateMin: z.number().positive().optional(),
  /** The longest recovery after any one fault. */
  recoveryMs: z.number().positive().optional(),
});

const gridMode = z.strictObject({
  flush: z.enum(['sync', 'async', 'os']),
  replication: z.enum(['none', 'async', 'quorum']),
  /** Default: the scenario's. */
  nodes: z.number().int().min(1).max(9).optional(),
});

/** What `ackworth compare` runs per mode: a price at each rate, a worth for each fault. */
const cellsOfMode = z.strictObject({
  rates: z.array(z.number().positive()).min(1),
  /** Load at each rate, after the warm-up. */
  rateDuration: duration.default(5000),
  faults: z.array(z.enum(gridFaults)).default([...gridFaults]),
});

const grid = cellsOfMode.extend({
  modes: z.array(gridMode).min(1),
  /** The same with `--quick`. */
  quick: cellsOfMode.optional(),
});

/** Less no engine takes. */
export const containerBytesMin = 6 * 1024 ** 2;

export const containerMemory = byteSize.refine((bytes) => bytes >= containerBytesMin, {
  message: 'must be at least 6 MiB, less no engine takes',
});

/** 0.5 = half of one processor. */
export const containerCpus = z.number().min(0.01).max(1024);

/** What it may use at most; all that there is when left out. */
const containerLimits = z
  .strictObject({ memory: containerMemory.optional(), cpus: containerCpus.optional() })
  .default({});

export const scenarioSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes'),
  /** The question that a run of it answers, as a sentence. */
  question: z.string().min(1),
  nodes: z.number().int().min(1).max(9).default(3),
  topic: z
    .strictObject({
      partitions: z.number().int().min(1).max(256).default(4),
      /** Default: all nodes, up to 3; 1 with replication `none`. */
      replicas: z.number().int().min(1).max(9).optional(),
      flush: z.enum(['sync', 'async', 'os']).default('sync'),
      replication: z.enum(['none', 'async', 'quorum']).default('quorum'),
      flushInterval: wholeMs.default(100),
      /** A file of the log is complete at this size. */
      segmentSize: byteSize.default(16 * 1024 ** 2),
    })
    .prefault({}),
  storage: z
    .strictObject({
      /** Where the nodes' data are; `auto`: what the faults need and this machine can do. */
      form: z.enum(['auto', ...storageForms]).default('auto'),
      /** Of each node's own file system, where it has one. */
      size: byteSize.default(512 * 1024 ** 2),
    })
    .prefault({}),
  /** Of each, where they live in containers. On a process cluster nothing is limited. */
  containers: z.strictObject({ node: containerLimits, worker: containerLimits }).optional(),
  workload: z
    .strictObject({
      /** Default: this, or what the target bears (`usualRate` of its broker). */
      rate: messageRate.default(5000),
      arrival: arrival.default({ kind: 'constant' }),
      size: byteSize
        .refine((bytes) => bytes >= payloadBytesMin && bytes <= 1024 ** 2, {
          message: `must be between ${payloadBytesMin} B and 1 MiB`,
        })
        .default(1024),
      keys: z.number().int().min(1).max(1_000_000).default(1000),
      producers: z.number().int().min(1).max(64).default(1),
      consumers: z.number().int().min(0).max(64).default(2),
      groups: z.number().int().min(1).max(16).default(1),
      inFlightMax: z.number().int().min(1).default(10_000),
      lingerMs: z.number().nonnegative().default(1),
      batchSize: byteSize.default(65_536),
      deliveryTimeout: duration.default(30_000),
      /**
       * How long after the last phase what is overdue may still be sent. Default: until all of it
       * is, since what is left out is missing among the latencies of a broker that is too slow.
       */
      overtime: duration.optional(),
      sessionTimeout: wholeMs.default(3_000),
      /**
       * Where the workers are on the network: `beside-nodes` puts producer k and consumer k beside
       * node ((k - 1) mod nodes) + 1, and whatever cuts that node off cuts them off with it.
       */
      placement: z.enum(['apart', 'beside-nodes']).default('apart'),
      idempotent: z.boolean().default(true),
    })
    .prefault({}),
  warmUp: duration.default(2000),
  phases: z.array(phase).min(1),
  /**
   * After the last phase, the longest wait for what faults have stalled to be served again, with a
   * little load going on, and then for the consumers to catch up. Default: this, or what the target
   * may need (`usualDrain` of its broker).
   */
  drain: duration.default(30_000),
  /** Names of the checker registry; default: all that the driver's capabilities allow. */
  checks: z.array(z.string()).optional(),
  limits: limits.default({}),
  /** For `ackworth compare`; the phases are what `ackworth run` does. */
  grid: grid.optional(),
});

/** What a person writes. */
export type ScenarioInput = z.input<typeof scenarioSchema>;
/** What the harness works with: every default filled, durations in ms, sizes in bytes. */
export type Scenario = z.output<typeof scenarioSchema>;

/** Types a scenario file; validation happens in the loader, with the path in the file. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  return scenario;
}
