import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RecordedSecond, RunRecord } from '../../harness/record/record.ts';
import { count, counted } from '../format.ts';
import { at, cellsOf, newHistogram, newWindow, note, summarize } from './draws.ts';
import { phasesOf, recordFault, type MadeRun } from './made-run.ts';

/**
 * A record as a run would have left it, for tests and the bench: one pass over its windows draws
 * response times, and every figure is computed from the same draws, so that tables, charts and
 * histograms agree. Same input, same record.
 */
export function makeRecord(run: MadeRun): RunRecord {
  const { seed = 1, warmUpMs = 2000, windowMs = 1000, rate = 5000, medianMicros = 1400 } = run;
  const faults = run.faults ?? [];
  const random = xoroshiro128plus(seed);
  const uniform = (): number => uniformFloat64(random);
  const gauss = (): number =>
    Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const measuredMs = run.phases.reduce((sum, phase) => sum + phase.lengthMs, 0);
  const endMs = warmUpMs + measuredMs;

  const histograms = {
    service: newHistogram(),
    response: newHistogram(),
    endToEnd: newHistogram(),
    lag: newHistogram(),
    failure: newHistogram(),
  };
  const windows = Math.ceil(endMs / windowMs);
  const due = (rate * windowMs) / 1000;
  // One draw stands for this many messages.
  const weight = Math.max(1, Math.ceil(due / Math.min(100, Math.max(40, 40_000 / windows))));
  const perWindow = Math.max(1, Math.round(due / weight));
  const drawn = Array.from({ length: windows }, () => newWindow());
  for (let window = 0; window < windows; window++) {
    for (let draw = 0; draw < perWindow; draw++) {
      const intended = window * windowMs + ((draw + 0.5) * windowMs) / perWindow;
      const serviceMs =
        (medianMicros / 1000) * Math.exp(0.35 * gauss()) + (uniform() < 0.002 ? 20 * uniform() : 0);
      const outage = faults.find((fault) => {
        const until = fault.rtoMs === null ? fault.atMs : fault.atMs + fault.rtoMs;
        return fault.target !== 'consumer' && intended >= fault.atMs && intended < until;
      });
      const held = outage === undefined ? 0 : outage.atMs + (outage.rtoMs ?? 0) - intended;
      const responseMs = serviceMs + held;
      const deliveryOutage = faults.find(
        (fault) =>
          fault.target === 'consumer' &&
          intended >= fault.atMs &&
          intended < fault.atMs + (fault.rtoMs ?? 0),
      );
      const deliveryHeld =
        deliveryOutage === undefined
          ? 0
          : deliveryOutage.atMs + (deliveryOutage.rtoMs ?? 0) - intended;
      const endToEndMs = responseMs + 0.6 * Math.exp(0.3 * gauss()) + deliveryHeld;
      const measured = intended >= warmUpMs;
      const ackedIn = drawn[Math.min(windows - 1, Math.floor((intended + responseMs) / windowMs))];
      const consumedIn =
        drawn[Math.min(windows - 1, Math.floor((intended + endToEndMs) / windowMs))];
      ackedIn?.responses.push(responseMs * 1000);
      ackedIn?.services.push((held > 0 ? serviceMs + Math.min(held, 40) : serviceMs) * 1000);
      consumedIn?.endToEnds.push(endToEndMs * 1000);
      if (!measured) continue;
      note(histograms.response, responseMs * 1000, weight);
      note(
        histograms.service,
        (held > 0 ? serviceMs + Math.min(held, 40) : serviceMs) * 1000,
        weight,
      );
      note(histograms.endToEnd, endToEndMs * 1000, weight);
      note(histograms.lag, 40 + 60 * uniform(), weight);
    }
  }

  let ackedTotal = 0;
  let consumedTotal = 0;
  const series = drawn.map((window, index): RecordedSecond => {
    const acked = Math.round(window.responses.length * weight);
    const consumed = Math.round(window.endToEnds.length * weight);
    ackedTotal += acked;
    consumedTotal += consumed;
    return {
      atMs: index * windowMs,
      widthMs: windowMs,
      due,
      offered: due,
      acked,
      failed: 0,
      unknown: 0,
      consumed,
      lag: Math.max(0, ackedTotal - consumedTotal),
      responseP50: at(window.responses, 0.5),
      responseP99: at(window.responses, 0.99),
      responseMax: at(window.responses, 1),
      serviceP50: at(window.services, 0.5),
      serviceP99: at(window.services, 0.99),
      endToEndP50: at(window.endToEnds, 0.5),
      endToEndP99: at(window.endToEnds, 0.99),
      endToEndMax: at(window.endToEnds, 1),
    };
  });
  const sent = Math.round((rate * endMs) / 1000);
  const response = summarize(histograms.response);
  const ackedRate = (histograms.response.totalCount / measuredMs) * 1000;
  const recorded = faults.map((fault, id) => recordFault(fault, id, run, warmUpMs));
  const rtos = recorded.flatMap((fault) => (fault.rtoMs === null ? [] : [fault.rtoMs]));

  return {
    schema: 'ackworth/record@1',
    id: `20261122-080000-${seed.toString(16).padStart(4, '0')}`,
    startedAt: '2026-11-22T08:00:00.000Z',
    endedAt: new Date(Date.UTC(2026, 10, 22, 8, 0, 9) + endMs).toISOString(),
    version: '0.1.0',
    command: `npx ackworth run ${run.name ?? 'tour'} --seed ${seed}`,
    seed,
    scenario: {
      name: run.name ?? 'tour',
      question: 'What does a client notice when the leader dies, and then a consumer?',
      hash: '5f0c7ab1d2e34f98',
    },
    target: {
      name: 'reference',
      version: '0.1.0',
      config: { partitions: 4, replicas: 3, flush: 'sync', replication: 'quorum' },
    },
    cluster: { kind: 'process', nodes: 3, storage: 'plain', network: 'direct', note: '' },
    durability: { flush: 'sync', replication: 'quorum', flushIntervalMs: null },
    workload: {
      rate,
      arrival: 'constant',
      sizeBytes: 1024,
      keys: 1000,
      partitions: 4,
      producers: 1,
      consumers: 2,
      groups: 1,
      inFlightMax: 10_000,
      idempotent: true,
    },
    resources: [],
    timing: { toFirstAckMs: 4321, tearDownMs: 987 },
    environment: {
      cpu: 'AMD EPYC 7B13',
      cores: 2,
      memoryBytes: 8_323_072_000,
      kernel: 'Linux 6.1.0-28-amd64',
      fileSystem: 'ext4',
      node: 'v20.20.2',
      clockDomain: 'c7a4e4f0',
      probes: {
        before: {
          fsyncP50Ms: 0.42,
          fsyncP99Ms: 1.31,
          loopbackP50Ms: 0.046,
          loopbackP99Ms: 0.11,
          cpuMs: 41.2,
        },
        after: {
          fsyncP50Ms: 0.44,
          fsyncP99Ms: 1.42,
          loopbackP50Ms: 0.047,
          loopbackP99Ms: 0.12,
          cpuMs: 41.6,
        },
      },
    },
    validity: { state: 'trusted', reasons: [] },
    phases: phasesOf(run, warmUpMs, rate, response),
    throughput: { offered: rate, acked: ackedRate, consumed: ackedRate, targetRate: rate },
    latency: {
      service: summarize(histograms.service),
      response,
      endToEnd: summarize(histograms.endToEnd),
      scheduleLag: summarize(histograms.lag),
      failure: summarize(histograms.failure),
    },
    series,
    heatMap: drawn.map((window, index) => ({
      atMs: index * windowMs,
      widthMs: windowMs,
      cells: cellsOf(window.responses, weight),
    })),
    accounting: {
      sent,
      acked: sent,
      failed: 0,
      unknown: 0,
      inLog: sent,
      delivered: sent,
      deliveries: sent + (faults.length > 1 ? 214 : 0),
      lost: 0,
      vanished: 0,
      undelivered: 0,
      passedOver: 0,
      duplicatesBroker: 0,
      duplicatesProducerRetry: 0,
      redelivered: faults.length > 1 ? 214 : 0,
      recovered: 0,
      reordered: 0,
      neverSent: 0,
      corrupted: 0,
    },
    faults: recorded,
    lossBounds: boundsOf(run),
    recovery: {
      rtoMs: rtos.length > 0 ? Math.max(...rtos) : null,
      lossWindowMessages: recorded.length > 0 ? rate : 0,
      lossWindowMs: recorded.length > 0 ? 0 : null,
    },
    saturation: {
      saturated: false,
      shortSecondsFraction: 0,
      scheduleLagP99Micros: 99,
      eventLoopDelayP99Micros: 870,
      gcFraction: 0.011,
      cpuFractionMax: 0.34,
    },
    limits: [
      {
        name: 'responseP99Ms',
        limit: 1000,
        actual: (response.p99 ?? 0) / 1000,
        unit: 'ms',
        verdict: 'valid',
        evidence: `p99 of ${counted(response.count, 'response')}`,
      },
      ...(rtos.length === 0
        ? []
        : [
            {
              name: 'recoveryMs',
              limit: 5000,
              actual: Math.max(...rtos),
              unit: 'ms',
              verdict: 'valid' as const,
              evidence: `the worst of ${counted(rtos.length, 'recovery', 'recoveries')}`,
            },
          ]),
    ],
    verdicts: [
      {
        check: 'lost',
        verdict: 'valid',
        evidence: `${count(sent)} acked messages were all found in the final read through the leaders and through each of 3 nodes`,
        anomalies: [],
      },
      {
        check: 'duplicate',
        verdict: 'valid',
        evidence: `${count(sent)} values at ${count(sent)} positions`,
        anomalies: [],
      },
      {
        check: 'order',
        verdict: 'valid',
        evidence: `1,000 keys, ${count(sent)} deliveries in order`,
        anomalies: [],
      },
      {
        check: 'undelivered',
        verdict: 'valid',
        evidence: `the group saw all ${count(sent)} messages of the log; ${faults.length > 1 ? 214 : 0} redelivered after a consumer died`,
        anomalies: [],
      },
      {
        check: 'corrupted',
        verdict: 'valid',
        evidence: `${count(sent)} payload checksums agree`,
        anomalies: [],
      },
      {
        check: 'replica-divergence',
        verdict: 'valid',
        evidence: '3 copies of 4 partitions agree',
        anomalies: [],
      },
      {
        check: 'recovery',
        verdict: rtos.length > 0 ? 'valid' : 'not-applicable',
        evidence:
          rtos.length > 0
            ? `${rtos.length} faults, every client served again`
            : 'no fault was injected',
        anomalies: [],
      },
      {
        check: 'aborted-read',
        verdict: 'not-applicable',
        evidence: 'the workload uses no transactions',
        anomalies: [],
      },
    ],
    verdict: 'pass',
    reasons: [],
    notes:
      recorded.length > 0
        ? [
            {
              atMs: (faults[0]?.atMs ?? 0) + 1180,
              source: 'producer-1',
              text: 'leader of p0 is now node 3 (term 2)',
            },
          ]
        : [],
  };
}

/** One trial for each fault on a node, as if all were of kinds of their own. */
function boundsOf(run: MadeRun): RunRecord['lossBounds'] {
  return (run.faults ?? [])
    .filter(({ victim }) => victim.startsWith('node'))
    .map(({ kind, target }) => ({
      fault: `${kind} of ${target}`,
      faults: 1,
      trials: 1,
      chanceMax: 0.95,
      allowed: '',
    }));
}
