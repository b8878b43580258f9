import { z } from 'zod';

/**
 * The run record, `ackworth/record@1`: the one thing everything downstream reads. Latencies are
 * microseconds, `...Ms` milliseconds, times of the run milliseconds since its load began
 * (`atMs`, may be negative before it). `null` = not known or not enough samples, never 0.
 */
export const recordSchemaId = 'ackworth/record@1';

const quantile = z.number().nullable();

export const latencySchema = z.strictObject({
  count: z.number().int(),
  min: quantile,
  mean: quantile,
  p50: quantile,
  p90: quantile,
  p99: quantile,
  p999: quantile,
  max: quantile,
  /** Negative samples, counted and never recorded. */
  negative: z.number().int(),
  /** HdrHistogram V2, compressed, base64; microseconds x 10 (a unit is 100 ns). */
  histogram: z.string(),
});

export const verdictSchema = z.strictObject({
  check: z.string(),
  verdict: z.enum(['valid', 'invalid', 'unknown', 'not-applicable']),
  evidence: z.string(),
  anomalies: z.array(
    z.strictObject({ kind: z.string(), count: z.number().int(), examples: z.array(z.string()) }),
  ),
});

export const faultSchema = z.strictObject({
  id: z.number().int(),
  kind: z.string(),
  /** The role asked for, and what it was resolved to at injection: "node 2", "consumer 1". */
  target: z.string(),
  victims: z.array(z.string()),
  phase: z.string(),
  requestedAtMs: z.number(),
  effectiveAtMs: z.number().nullable(),
  healRequestedAtMs: z.number().nullable(),
  healedAtMs: z.number().nullable(),
  /** All clients are served again as defined for `recovery`. */
  recoveredAtMs: z.number().nullable(),
  proof: z.strictObject({
    injected: z.enum(['confirmed', 'mismatch', 'inconclusive']),
    injectedEvidence: z.string(),
    healed: z.enum(['confirmed', 'mismatch', 'inconclusive']).nullable(),
    healedEvidence: z.string(),
  }),
  /** The worst over clients and partitions; null with the reason in `recoveryNote`. */
  rtoMs: z.number().nullable(),
  /** By how much that may be off, where the workers have another clock than the harness. */
  rtoBoundMs: z.number().optional(),
  recoveryNote: z.string(),
  /** Sent and acked in the second before it hit. */
  exposedMessages: z.number().int(),
  /** Acked messages that it took, and since how long before it the first of them was acked. */
  lossWindowMessages: z.number().int(),
  lossWindowMs: z.number().nullable(),
  /** What the mode promises when this hits; nothing lost, a bounded window, or any tail. */
  promise: z.enum(['none', 'window', 'may']).default('none'),
  /** Acked and not yet safe from it, measured right before; null where it was not measured. */
  exposure: z.number().int().nullable().default(null),
});

/** One second of the run; a long run is folded so that the record stays small. */
export const secondSchema = z.strictObject({
  atMs: z.number(),
  widthMs: z.number(),
  due: z.number(),
  offered: z.number(),
  acked: z.number(),
  failed: z.number(),
  unknown: z.number(),
  consumed: z.number(),
  /** Acked minus consumed by the slowest group, at the end of the window. */
  lag: z.number(),
  /** By the time of the ack. */
  responseP50: quantile,
  responseP99: quantile,
  responseMax: quantile,
  serviceP50: quantile,
  serviceP99: quantile,
  endToEndP50: quantile,
  endToEndP99: quantile,
  endToEndMax: quantile,
});

export const probeSchema = z.strictObject({
  fsyncP50Ms: z.number(),
  /** Null where syncs take so long that there were too few of them. */
  fsyncP99Ms: z.number().nullable(),
  loopbackP50Ms: z.number(),
  loopbackP99Ms: z.number(),
  /** Milliseconds for a fixed piece of work: a slower machine shows. */
  cpuMs: z.number(),
});

export const recordSchema = z.strictObject({
  schema: z.literal(recordSchemaId),
  id: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** Of Ackworth itself. */
  version: z.string(),
  command: z.string(),
  seed: z.number().int(),
  scenario: z.strictObject({ name: z.string(), question: z.string(), hash: z.string() }),
  target: z.strictObject({
    name: z.string(),
    version: z.string(),
    config: z.record(z.string(), z.unknown()),
  }),
  cluster: z.strictObject({
    kind: z.string(),
    nodes: z.number().int(),
    /** What the nodes' data stood on, and how links went; earlier records knew no other. */
    storage: z.enum(['plain', 'emulated', 'ext4', 'xfs']).default('plain'),
    network: z.enum(['direct', 'proxied', 'filtered']).default('direct'),
    /** Why so, in words. */
    note: z.string().default(''),
  }),
  durability: z.strictObject({
    flush: z.enum(['sync', 'async', 'os']),
    replication: z.enum(['none', 'async', 'quorum']),
    /** As asked for; null where no interval is, though earlier records name one. */
    flushIntervalMs: z.number().nullable(),
  }),
  workload: z.strictObject({
    rate: z.number(),
    arrival: z.string(),
    sizeBytes: z.number().int(),
    keys: z.number().int(),
    partitions: z.number().int(),
    producers: z.number().int(),
    consumers: z.number().int(),
    groups: z.number().int(),
    inFlightMax: z.number().int(),
    idempotent: z.boolean(),
  }),
  environment: z.strictObject({
    cpu: z.string(),
    cores: z.number().int(),
    memoryBytes: z.number(),
    kernel: z.string(),
    fileSystem: z.string(),
    node: z.string(),
    /** Of the times in the record. */
    clockDomain: z.string(),
    /** Of the workers, where it is another: how it was carried over. Null = never measured again. */
    carriedClock: z
      .strictObject({
        domain: z.string(),
        errorMs: z.number(),
        driftMs: z.number().nullable(),
        /** By how much times of messages may be off those of faults. */
        boundMs: z.number().nullable(),
      })
      .optional(),
    probes: z.strictObject({ before: probeSchema.nullable(), after: probeSchema.nullable() }),
  }),
  /** What nodes and workers used over all their lives, where an engine tells. Null = not told. */
  resources: z
    .array(
      z.strictObject({
        /** `node-1`, `producer-2` */
        site: z.string(),
        cpuSeconds: z.number(),
        /** Without the page cache. */
        memoryBytesMax: z.number(),
        network: z.strictObject({ receivedBytes: z.number(), sentBytes: z.number() }).nullable(),
        block: z.strictObject({ readBytes: z.number(), writtenBytes: z.number() }).nullable(),
        /** What it might use at most, as the engine had it; null = all that there is. */
        limits: z
          .strictObject({ memoryBytes: z.number().nullable(), cpus: z.number().nullable() })
          .default({ memoryBytes: null, cpus: null }),
        samples: z.number().int(),
      }),
    )
    .default([]),
  /** Until the first message was acked, and from the end of all work until nothing was left. */
  timing: z
    .strictObject({ toFirstAckMs: z.number().nullable(), tearDownMs: z.number().nullable() })
    .default({ toFirstAckMs: null, tearDownMs: null }),
  /** Can the numbers be trusted? `doubtful` makes rate and latency checks `unknown`. */
  validity: z.strictObject({
    state: z.enum(['trusted', 'doubtful']),
    reasons: z.array(z.string()),
  }),
  phases: z.array(
    z.strictObject({
      name: z.string(),
      startMs: z.number(),
      endMs: z.number(),
      measured: z.boolean(),
      offered: z.number().int(),
      acked: z.number().int(),
      response: latencySchema.omit({ histogram: true }),
    }),
  ),
  throughput: z.strictObject({
    /** Messages per second over the measured phases. */
    offered: z.number(),
    acked: z.number(),
    consumed: z.number(),
    targetRate: z.number(),
  }),
  latency: z.strictObject({
    service: latencySchema,
    response: latencySchema,
    endToEnd: latencySchema,
    scheduleLag: latencySchema,
    /** Intended to failure, of `fail` and `info` outcomes: their own population. */
    failure: latencySchema,
  }),
  series: z.array(secondSchema),
  /** Response times over time: per column a list of [bucket, count], bucket = floor(8 log2(micros)). */
  heatMap: z.array(
    z.strictObject({
      atMs: z.number(),
      widthMs: z.number(),
      cells: z.array(z.tuple([z.number(), z.number()])),
    }),
  ),
  accounting: z.strictObject({
    sent: z.number().int(),
    acked: z.number().int(),
    failed: z.number().int(),
    unknown: z.number().int(),
    inLog: z.number().int(),
    delivered: z.number().int(),
    deliveries: z.number().int(),
    lost: z.number().int(),
    vanished: z.number().int(),
    undelivered: z.number().int(),
    /** In the log and not given, as the mode allows of cursors that outlived what a fault took. */
    passedOver: z.number().int().default(0),
    duplicatesBroker: z.number().int(),
    duplicatesProducerRetry: z.number().int(),
    redelivered: z.number().int(),
    recovered: z.number().int(),
    reordered: z.number().int(),
    neverSent: z.number().int(),
    corrupted: z.number().int(),
  }),
  faults: z.array(faultSchema),
  /**
   * What the run supports about loss, where none was forbidden: with 95 % confidence, such a fault
   * loses more than `allowed` (in words; empty = anything) in at most `chanceMax` of cases. Trials
   * are those of the confirmed faults that put something at risk.
   */
  lossBounds: z
    .array(
      z.strictObject({
        /** "kill of leader" */
        fault: z.string(),
        faults: z.number().int(),
        trials: z.number().int(),
        chanceMax: z.number(),
        allowed: z.string(),
      }),
    )
    .default([]),
  recovery: z.strictObject({
    rtoMs: z.number().nullable(),
    lossWindowMessages: z.number().int(),
    lossWindowMs: z.number().nullable(),
  }),
  saturation: z.strictObject({
    saturated: z.boolean(),
    /** Share of seconds with an open window in which under 99 % of what was due was offered. */
    shortSecondsFraction: z.number(),
    scheduleLagP99Micros: z.number().nullable(),
    eventLoopDelayP99Micros: z.number().nullable(),
    gcFraction: z.number(),
    cpuFractionMax: z.number(),
  }),
  limits: z.array(
    z.strictObject({
      name: z.string(),
      limit: z.number(),
      actual: z.number().nullable(),
      unit: z.string(),
      verdict: z.enum(['valid', 'invalid', 'unknown']),
      evidence: z.string(),
    }),
  ),
  verdicts: z.array(verdictSchema),
  verdict: z.enum(['pass', 'inconclusive', 'fail']),
  /** Why not a pass; or what the pass rests on, as sentences. */
  reasons: z.array(z.string()),
  notes: z.array(z.strictObject({ atMs: z.number(), source: z.string(), text: z.string() })),
});

export type RunRecord = z.infer<typeof recordSchema>;
export type Latency = z.infer<typeof latencySchema>;
export type RecordedFault = z.infer<typeof faultSchema>;
export type RecordedSecond = z.infer<typeof secondSchema>;
export type EnvironmentProbe = z.infer<typeof probeSchema>;
