import type { Latency, RecordedSecond, RunRecord } from '../../harness/record/record.ts';
import { count } from '../format.ts';
import type { MadeFault } from './made-run.ts';
import { makeRecord } from './record-builder.ts';

/** One record for each kind of run that a report must get right. Same call, same record. */

const leaderKill: MadeFault = {
  kind: 'kill',
  target: 'leader',
  victim: 'node 2',
  atMs: 20_000,
  healAfterMs: 10_000,
  rtoMs: 1310,
};
const consumerKill: MadeFault = {
  kind: 'kill',
  target: 'consumer',
  victim: 'consumer 1',
  atMs: 41_000,
  healAfterMs: 5000,
  rtoMs: 3240,
};

export function passWithTwoFaults(seed = 7): RunRecord {
  return makeRecord({
    seed,
    phases: [
      { name: 'steady', lengthMs: 15_000 },
      { name: 'leader-kill', lengthMs: 20_000 },
      { name: 'consumer-kill', lengthMs: 20_000 },
    ],
    faults: [leaderKill, consumerKill],
  });
}

export function failWithLostMessages(): RunRecord {
  const run = makeRecord({
    seed: 11,
    name: 'power-cut',
    rate: 8000,
    phases: [
      { name: 'steady', lengthMs: 20_000 },
      { name: 'power-cut', lengthMs: 25_000 },
    ],
    faults: [{ ...leaderKill, kind: 'power-cut', atMs: 24_000, rtoMs: 2870 }],
  });
  return {
    ...run,
    durability: { flush: 'async', replication: 'async', flushIntervalMs: 100 },
    accounting: {
      ...run.accounting,
      failed: 12,
      unknown: 640,
      acked: run.accounting.sent - 652,
      lost: 1204,
      vanished: 37,
      inLog: run.accounting.sent - 1216,
      recovered: 391,
      duplicatesProducerRetry: 5,
    },
    limits: [
      {
        name: 'responseP99Ms',
        limit: 250,
        actual: (run.latency.response.p99 ?? 0) / 1000,
        unit: 'ms',
        verdict: 'invalid',
        evidence: 'p99 over the measured phases',
      },
    ],
    verdicts: [
      {
        check: 'lost',
        verdict: 'invalid',
        evidence: `1,204 of ${count(run.accounting.acked - 652)} acked messages are absent from the final read`,
        anomalies: [
          {
            kind: 'lost-middle',
            count: 1167,
            examples: [
              'producer 1 sequence 188412, key 17, acked at p0@47103 at 23.912 s',
              'producer 1 sequence 188416, key 4, acked at p0@47104 at 23.912 s',
            ],
          },
          {
            kind: 'vanished',
            count: 37,
            examples: ['producer 1 sequence 188430, delivered to consumer 2 at 23.934 s'],
          },
        ],
      },
      ...run.verdicts.slice(1),
    ],
    verdict: 'fail',
    reasons: [
      'Check lost is invalid: 1,204 acked messages are absent from the final read.',
      'Limit response p99 is exceeded.',
    ],
  };
}

/** Servers that sync every two minutes lost their power all at once. */
export function lossyPowerCut(): RunRecord {
  const run = makeRecord({
    seed: 8,
    name: 'lazy-sync',
    phases: [{ name: 'power-cut', lengthMs: 20_000 }],
    faults: [{ ...leaderKill, kind: 'power-cut', target: 'all-nodes', atMs: 8000 }],
  });
  const server = { version: '2.12.1', syncAlways: false, syncIntervalMs: 120_000 };
  return {
    ...run,
    target: {
      name: 'nats',
      version: '2.12.1',
      config: { servers: [1, 2, 3].map((node) => ({ node, ...server })), streams: 4 },
    },
    durability: { flush: 'os', replication: 'quorum', flushIntervalMs: null },
    accounting: { ...run.accounting, lost: 2467, inLog: run.accounting.sent - 2467 },
    faults: run.faults.map((fault) => ({
      ...fault,
      lossWindowMessages: 2467,
      lossWindowMs: 13_039.86,
      promise: 'may' as const,
    })),
  };
}

export function inconclusiveSaturated(): RunRecord {
  const run = makeRecord({
    seed: 3,
    name: 'steady',
    rate: 40_000,
    phases: [{ name: 'steady', lengthMs: 30_000 }],
  });
  return {
    ...run,
    series: run.series.map((second, index) =>
      index % 4 === 1 ? { ...second, offered: second.due * 0.91 } : second,
    ),
    throughput: { ...run.throughput, offered: 38_900, acked: 38_900 },
    validity: {
      state: 'doubtful',
      reasons: [
        'The generator offered under 99 % of what was due in 24.1 % of the seconds while its window was open.',
      ],
    },
    saturation: {
      saturated: true,
      shortSecondsFraction: 0.241,
      scheduleLagP99Micros: 41_300,
      eventLoopDelayP99Micros: 38_700,
      gcFraction: 0.084,
      cpuFractionMax: 0.99,
    },
    limits: run.limits.slice(0, 1).map((limit) => ({
      ...limit,
      verdict: 'unknown' as const,
      evidence: 'the generator was saturated',
    })),
    verdict: 'inconclusive',
    reasons: ['The generator was saturated, and the scenario limits latency.'],
  };
}

const noLatency: Latency = {
  count: 0,
  min: null,
  mean: null,
  p50: null,
  p90: null,
  p99: null,
  p999: null,
  max: null,
  negative: 0,
  histogram: '',
};

export function zeroAcked(): RunRecord {
  const run = nullEverything();
  return {
    ...run,
    series: Array.from({ length: 12 }, (_, index) => ({
      ...emptySecond,
      atMs: index * 1000,
      due: 5000,
      offered: 5000,
      unknown: index > 4 ? 5000 : 0,
    })),
    accounting: { ...run.accounting, sent: 60_000, failed: 25_000, unknown: 35_000 },
    throughput: { offered: 5000, acked: 0, consumed: 0, targetRate: 5000 },
    latency: {
      ...run.latency,
      failure: {
        ...noLatency,
        count: 60_000,
        min: 1e6,
        mean: 3e7,
        p50: 3e7,
        p90: 3e7,
        p99: 3e7,
        p999: 3e7,
        max: 3.1e7,
      },
    },
    reasons: ['Nothing was acked: there is no data to judge.'],
  };
}

const emptySecond: RecordedSecond = {
  atMs: 0,
  widthMs: 1000,
  due: 0,
  offered: 0,
  acked: 0,
  failed: 0,
  unknown: 0,
  consumed: 0,
  lag: 0,
  responseP50: null,
  responseP99: null,
  responseMax: null,
  serviceP50: null,
  serviceP99: null,
  endToEndP50: null,
  endToEndP99: null,
  endToEndMax: null,
};

export function nullEverything(): RunRecord {
  const run = makeRecord({
    seed: 2,
    name: 'aborted',
    phases: [{ name: 'steady', lengthMs: 3000 }],
  });
  const nothing = Object.fromEntries(Object.keys(run.accounting).map((name) => [name, 0]));
  return {
    ...run,
    environment: { ...run.environment, probes: { before: null, after: null } },
    phases: [],
    throughput: { offered: 0, acked: 0, consumed: 0, targetRate: 5000 },
    latency: {
      service: noLatency,
      response: noLatency,
      endToEnd: noLatency,
      scheduleLag: noLatency,
      failure: noLatency,
    },
    series: [],
    heatMap: [],
    faults: [],
    limits: [],
    verdicts: [],
    notes: [],
    accounting: nothing as RunRecord['accounting'],
    recovery: { rtoMs: null, lossWindowMessages: 0, lossWindowMs: null },
    saturation: { ...run.saturation, scheduleLagP99Micros: null, eventLoopDelayP99Micros: null },
    verdict: 'inconclusive',
    reasons: ['The run was stopped before its load began.'],
  };
}

export function shortRun(): RunRecord {
  return makeRecord({
    seed: 5,
    name: 'blink',
    warmUpMs: 1000,
    phases: [{ name: 'steady', lengthMs: 4000 }],
    rate: 500,
    faults: [{ ...leaderKill, atMs: 2200, healAfterMs: 1500, rtoMs: 640 }],
  });
}

/** 3,600 windows of a second with a rolling restart every ten minutes. */
export function oneHour(): RunRecord {
  const faults = Array.from({ length: 18 }, (_, index): MadeFault => ({
    kind: 'restart',
    target: 'each-node',
    victim: `node ${(index % 3) + 1}`,
    atMs: 300_000 + Math.floor(index / 3) * 600_000 + (index % 3) * 40_000,
    healAfterMs: null,
    rtoMs: 700 + index * 40,
  }));
  return makeRecord({
    seed: 42,
    name: 'soak',
    warmUpMs: 10_000,
    rate: 4000,
    phases: [{ name: 'soak', lengthMs: 3_590_000 }],
    faults,
  });
}

/** Every free text that a user or a broker may choose tries to break out of the page. */
export function hostileNames(): RunRecord {
  const evil = `</title><script>alert("x")</script><img src=x onerror='alert(1)'>]]>&amp; "quoted" | \`tick\` \u0007`;
  const run = passWithTwoFaults();
  return {
    ...run,
    id: evil,
    command: `${evil} --x="1"`,
    scenario: { name: evil, question: evil, hash: evil },
    target: { name: evil, version: evil, config: { [evil]: evil, nested: { list: [1, evil] } } },
    environment: { ...run.environment, cpu: evil, fileSystem: evil },
    phases: run.phases.map((phase) => ({ ...phase, name: evil })),
    faults: run.faults.map((fault) => ({
      ...fault,
      kind: evil,
      target: evil,
      victims: [evil],
      phase: evil,
      recoveryNote: evil,
      proof: { ...fault.proof, injectedEvidence: evil, healedEvidence: evil },
    })),
    validity: { state: 'doubtful', reasons: [evil] },
    limits: run.limits.map((limit) => ({ ...limit, name: evil, unit: evil, evidence: evil })),
    verdicts: run.verdicts.map(() => ({
      check: evil,
      verdict: 'invalid',
      evidence: evil,
      anomalies: [{ kind: evil, count: 3, examples: [evil, evil] }],
    })),
    verdict: 'fail',
    reasons: [evil],
    notes: [{ atMs: 1, source: evil, text: evil }],
  };
}
