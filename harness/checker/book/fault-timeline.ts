import type { FaultEvent, PhaseEvent } from '../../history/events.ts';
import type { PlannedFault, Plan } from '../../scenario/plan-types.ts';
import { targetClass } from '../../scenario/targets.ts';

/** One fault from the request to its healing. Times are history times. */
export interface Injection {
  /** Of the plan. */
  readonly fault: number;
  readonly kind: string;
  readonly target: string;
  readonly aimedAt: 'node' | 'consumer' | 'producer';
  /** What the scenario chose for it. */
  readonly options: Readonly<Record<string, unknown>>;
  victims: readonly string[];
  readonly phase: string;
  /** False for faults that heal themselves. */
  readonly heals: boolean;
  requestedAt: number;
  /** Before this it had no effect. */
  begunAt: number;
  effectiveAt: number | null;
  healRequestedAt: number | null;
  healedAt: number | null;
  injected: 'confirmed' | 'mismatch' | 'inconclusive';
  injectedEvidence: string;
  healed: 'confirmed' | 'mismatch' | 'inconclusive' | null;
  healedEvidence: string;
  /** Why it could not be carried out; empty when it was. */
  failure: string;
}

/** The faults of a run as its history tells them. */
export class FaultTimeline {
  readonly #plan: Plan;
  readonly #injections: Injection[] = [];
  readonly #latest = new Map<number, Injection>();
  /** History time of load time 0, once the first phase was seen. */
  origin: number | null = null;
  readonly phases: PhaseEvent[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** In the order of their requests. */
  get injections(): readonly Injection[] {
    return this.#injections;
  }

  phase(event: PhaseEvent): void {
    this.phases.push({ ...event });
    const planned = this.#plan.phases.find(({ name }) => name === event.name);
    if (this.origin === null && planned !== undefined)
      this.origin = event.time - planned.startMs * 1e6;
  }

  fault(event: FaultEvent): void {
    let injection = this.#latest.get(event.fault);
    if (injection === undefined || event.step === 'requested') {
      injection = newInjection(event, this.#plan.faults[event.fault]);
      this.#latest.set(event.fault, injection);
      this.#injections.push(injection);
    }
    if (event.victims.length > 0) injection.victims = [...event.victims];
    applyStep(injection, event);
  }

  /** Faults on nodes that took effect, in order of time: those that can cost messages. */
  nodeFaults(): readonly (Injection & { readonly effectiveAt: number })[] {
    return this.#injections
      .filter(hasEffect)
      .filter(({ aimedAt }) => aimedAt === 'node')
      .toSorted((a, b) => a.effectiveAt - b.effectiveAt);
  }

  /** Milliseconds since the load began; history times pass through `origin`. */
  atMs(time: number): number {
    return (time - (this.origin ?? time)) / 1e6;
  }
}

export function hasEffect(injection: Injection): injection is Injection & { effectiveAt: number } {
  return injection.effectiveAt !== null;
}

/** Node numbers of the victims, which the history names "node 2". */
export function nodesOf({ victims }: Injection): number[] {
  return victims.flatMap((victim) => {
    const match = /^node (\d+)$/.exec(victim);
    return match === null ? [] : [Number(match[1])];
  });
}

/** What stands against this injection, as a sentence; undefined when both proofs are in order. */
export function doubtOf(injection: Injection): string | undefined {
  const what = describeInjection(injection);
  if (injection.failure !== '') return `${what} could not be carried out: ${injection.failure}`;
  if (injection.effectiveAt === null) return `${what} never took effect`;
  if (injection.injected !== 'confirmed') {
    return `${what} is not confirmed (${injection.injected}): ${injection.injectedEvidence || 'it was not probed'}`;
  }
  if (injection.heals || injection.healed !== null) {
    if (injection.healedAt === null) return `${what} was not healed`;
    if (injection.healed !== 'confirmed') {
      return `the healing of ${what} is not confirmed: ${injection.healedEvidence || 'it was not probed'}`;
    }
  }
  return undefined;
}

/** "kill of node 2 (leader)" */
export function describeInjection({ kind, victims, target }: Injection): string {
  const hit = victims.length === 0 ? 'nothing' : victims.join(', ');
  return hit.startsWith(target.replace('-', ' '))
    ? `${kind} of ${hit}`
    : `${kind} of ${hit} (${target})`;
}

function newInjection(event: FaultEvent, planned: PlannedFault | undefined): Injection {
  return {
    fault: event.fault,
    kind: event.kind,
    target: event.target,
    aimedAt: targetClass(planned?.target ?? event.target),
    options: planned?.options ?? {},
    victims: [],
    phase: planned?.phase ?? '',
    heals: planned === undefined || planned.healAtMs !== null,
    requestedAt: event.time,
    begunAt: event.time,
    effectiveAt: null,
    healRequestedAt: null,
    healedAt: null,
    injected: 'inconclusive',
    injectedEvidence: '',
    healed: null,
    healedEvidence: '',
    failure: '',
  };
}

function applyStep(injection: Injection, event: FaultEvent): void {
  switch (event.step) {
    case 'requested':
      return;
    case 'effective':
      if (injection.effectiveAt === null) injection.begunAt = event.begunAt ?? injection.begunAt;
      injection.effectiveAt ??= event.time;
      return;
    case 'probed':
      injection.injected = event.result === '' ? 'inconclusive' : event.result;
      injection.injectedEvidence = event.proof;
      return;
    case 'heal-requested':
      injection.healRequestedAt ??= event.time;
      return;
    case 'healed':
      injection.healedAt = event.time;
      return;
    case 'heal-probed':
      injection.healed = event.result === '' ? 'inconclusive' : event.result;
      injection.healedEvidence = event.proof;
      return;
    case 'failed':
      injection.failure = event.proof === '' ? 'no reason was given' : event.proof;
  }
}
