import type { Latency, RecordedFault, RunRecord } from '../../harness/record/record.ts';

/** A made-up outage: nothing is acked from `atMs` until `rtoMs` later. */
export interface MadeFault {
  readonly kind: string;
  readonly target: string;
  readonly victim: string;
  readonly atMs: number;
  readonly healAfterMs: number | null;
  readonly rtoMs: number | null;
}

export interface MadeRun {
  readonly seed?: number;
  readonly name?: string;
  readonly warmUpMs?: number;
  readonly phases: readonly { readonly name: string; readonly lengthMs: number }[];
  readonly windowMs?: number;
  /** Messages per second. */
  readonly rate?: number;
  /** Median of an undisturbed response, microseconds. */
  readonly medianMicros?: number;
  readonly faults?: readonly MadeFault[];
}

export function phasesOf(
  run: MadeRun,
  warmUpMs: number,
  rate: number,
  response: Latency,
): RunRecord['phases'] {
  const { histogram: _, ...summary } = response;
  const phases: RunRecord['phases'] = [];
  let startMs = 0;
  const add = (name: string, lengthMs: number, measured: boolean): void => {
    const offered = Math.round((rate * lengthMs) / 1000);
    phases.push({
      name,
      startMs,
      endMs: startMs + lengthMs,
      measured,
      offered,
      acked: offered,
      response: { ...summary, count: measured ? offered : 0 },
    });
    startMs += lengthMs;
  };
  if (warmUpMs > 0) add('warm-up', warmUpMs, false);
  for (const phase of run.phases) add(phase.name, phase.lengthMs, true);
  return phases;
}

export function recordFault(
  fault: MadeFault,
  id: number,
  run: MadeRun,
  warmUpMs: number,
): RecordedFault {
  let startMs = warmUpMs;
  let phase = '';
  for (const candidate of run.phases) {
    if (fault.atMs >= startMs) phase = candidate.name;
    startMs += candidate.lengthMs;
  }
  const effective = fault.atMs + 4;
  const healed = fault.healAfterMs === null ? null : effective + fault.healAfterMs;
  return {
    id,
    kind: fault.kind,
    target: fault.target,
    victims: [fault.victim],
    phase,
    requestedAtMs: fault.atMs,
    effectiveAtMs: effective,
    healRequestedAtMs: healed === null ? null : healed - 310,
    healedAtMs: healed,
    recoveredAtMs: fault.rtoMs === null ? null : effective + fault.rtoMs,
    proof: {
      injected: 'confirmed',
      injectedEvidence:
        fault.kind === 'pause'
          ? 'process 4711 in state T, no answer within 200 ms'
          : 'process 4711 is gone, its port refuses connections',
      healed: healed === null ? null : 'confirmed',
      healedEvidence: healed === null ? '' : 'answered a new connection after 304 ms',
    },
    rtoMs: fault.rtoMs,
    recoveryNote: fault.rtoMs === null ? 'the load ended before 5 s of normal service' : '',
    exposedMessages: run.rate ?? 5000,
    lossWindowMessages: 0,
    lossWindowMs: 0,
    promise: 'none',
    exposure: null,
  };
}
