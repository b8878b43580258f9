import { z } from 'zod';
import { recordSchema } from './record.ts';

/**
 * The suite record, `ackworth/suite@1`: what a grid of runs found, one cell per run, each with its
 * own record beside it. Latencies are microseconds, `...Ms` milliseconds, rates messages per
 * second. `null` = not known or not enough samples, never 0. It is written after every cell, so an
 * interrupted grid has one too: cells that have not been run are `missing`.
 */
export const suiteSchemaId = 'ackworth/suite@1';

/** The columns of the promise table. `own-faults` are those of a scenario without a grid. */
export const gridFaults = [
  'kill-leader',
  'power-cut-leader',
  'power-cut-all',
  'cut-off-leader',
] as const;

const count = z.number().int().nonnegative();
const quantile = z.number().nullable();
const quantiles = z.strictObject({ p50: quantile, p99: quantile, p999: quantile });

const modeSchema = z.strictObject({
  /** "sync x quorum", and the axes where there is more than one value of them. */
  id: z.string(),
  target: z.string(),
  /** Where its nodes and workers live; earlier suites knew no other. */
  cluster: z.enum(['process', 'docker']).default('process'),
  flush: z.enum(['sync', 'async', 'os']),
  replication: z.enum(['none', 'async', 'quorum']),
  nodes: z.number().int(),
  /** As asked for; null where no interval is, though earlier suites name one. */
  flushIntervalMs: z.number().nullable(),
  axes: z.strictObject({
    /** Bytes of a batch at most. */
    batch: z.number().int().optional(),
    /** Messages of one producer without an outcome at most. */
    inFlight: z.number().int().optional(),
  }),
});

/** What an ack costs: one rate, nothing broken. */
const priceSchema = z.strictObject({
  targetRate: z.number(),
  offered: z.number(),
  acked: z.number(),
  /** See `harness/compare/price.ts`; where false the latencies are those of a queue that grows. */
  sustained: z.boolean(),
  service: quantiles,
  response: quantiles,
  endToEnd: quantiles,
  /** Why the figures cannot be trusted: a saturated generator, too few samples. */
  doubtful: z.array(z.string()),
});

/** What an ack is worth: one fault of the promise table. */
const worthSchema = z.strictObject({
  fault: z.enum([...gridFaults, 'own-faults']),
  promise: z.strictObject({ loss: z.enum(['none', 'window', 'may']), bound: z.string() }),
  observed: z.enum(['none', 'allowed', 'violated', 'inconclusive']),
  acked: count,
  lost: count,
  /** The part of lost that had been delivered. */
  vanished: count,
  /** In the log, and behind a cursor that outlived what the fault took: given to nobody. */
  passedOver: count.default(0),
  /** Acked messages that were not safe when the fault took effect. */
  exposure: count.nullable(),
  lossWindowMessages: count,
  lossWindowMs: z.number().nullable(),
  duplicates: count,
  reordered: count,
  unknown: count,
  recoveryMs: z.number().nullable(),
  faultsConfirmed: count,
  /**
   * No loss in k confirmed faults bounds the chance that one of them loses: 1 - 0.05^(1/k), with
   * 95 % confidence. Null where something was lost, or nothing was shown.
   */
  lossBound: z.number().nullable(),
});

const cellSchema = z.strictObject({
  /** Also the name of its folder; `ackworth compare --only` takes it. */
  id: z.string(),
  /** `id` of its mode. */
  mode: z.string(),
  kind: z.enum(['price', 'worth']),
  /** From 1. */
  repeat: z.number().int(),
  /** Its place in the order in which the cells are run, from 1. */
  order: z.number().int(),
  state: z.enum(['done', 'failed', 'missing']),
  /** Why it failed or is missing; empty otherwise. */
  note: z.string(),
  /** The path of its record, from the suite's folder. */
  record: z.string().nullable(),
  verdict: recordSchema.shape.verdict.nullable(),
  reasons: z.array(z.string()),
  price: priceSchema.nullable(),
  worth: worthSchema.nullable(),
});

/** Over the pairs of one quantity; `delta` is `to` minus `from`. */
const pairedSchema = z.strictObject({
  pairs: count,
  /** Means. */
  from: z.number(),
  to: z.number(),
  delta: z.number(),
  /** What `delta` is with 95 % confidence; null with one pair, which says nothing of chance. */
  low: z.number().nullable(),
  high: z.number().nullable(),
});
const pairedQuantiles = z.strictObject({
  p50: pairedSchema.nullable(),
  p99: pairedSchema.nullable(),
});

/**
 * Two modes that differ in one word alone, and how the prices of `to` differ from those of `from`.
 * A pair is the same repeat of the same rate in both, run one close to the other.
 */
const differenceSchema = z.strictObject({
  word: z.enum(['target', 'cluster']),
  /** `id` of modes. */
  from: z.string(),
  to: z.string(),
  rates: z.array(
    z.strictObject({
      rate: z.number(),
      /** Of which both runs are done. */
      pairs: count,
      /** Pairs in which this one sustained the rate. */
      sustained: z.strictObject({ from: count, to: count }),
      /** Pairs in which both did, and one of the two has figures that cannot be trusted. */
      doubtful: count,
      /** Over the pairs in which both sustained it, in microseconds; null = no such pair. */
      service: pairedQuantiles,
      response: pairedQuantiles,
      endToEnd: pairedQuantiles,
    }),
  ),
});

export const suiteSchema = z.strictObject({
  schema: z.literal(suiteSchemaId),
  id: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** Of Ackworth itself. */
  version: z.string(),
  command: z.string(),
  seed: z.number().int(),
  scenario: z.strictObject({ name: z.string(), question: z.string() }),
  quick: z.boolean(),
  repeats: z.number().int(),
  environment: recordSchema.shape.environment,
  /** Where the nodes of the worth cells kept their data; price cells are always plain. */
  storage: z.strictObject({ form: z.string(), why: z.string() }),
  /** What cells on an engine stood on, as the record of the last of them tells. */
  engines: z.array(z.strictObject({ cluster: z.string(), note: z.string() })).default([]),
  modes: z.array(modeSchema),
  /** In the order of the grid, not in that of the runs. */
  cells: z.array(cellSchema),
  /** The highest of the rates that every repeat of a mode sustained; null = none of them. */
  sustainedRates: z.array(z.strictObject({ mode: z.string(), rate: z.number().nullable() })),
  /** Of every pair of modes that differ in target or cluster alone; the first given is `from`. */
  differences: z.array(differenceSchema).default([]),
  verdict: recordSchema.shape.verdict,
  reasons: z.array(z.string()),
});

export type SuiteRecord = z.infer<typeof suiteSchema>;
export type SuiteMode = z.infer<typeof modeSchema>;
export type SuiteCell = z.infer<typeof cellSchema>;
export type ModeDifference = z.infer<typeof differenceSchema>;
export type PairedDifference = z.infer<typeof pairedSchema>;
