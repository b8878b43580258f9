import type { Scenario } from './schema.ts';

/**
 * A scenario with every choice made. Same scenario, seed and overrides give the same plan, byte for
 * byte (`plan.json`); it holds no ports, paths, times of day or run ids.
 */
export interface Plan {
  readonly version: 1;
  readonly seed: number;
  readonly target: string;
  readonly cluster: string;
  readonly scenario: Scenario;
  /** SHA-256 of the scenario's canonical JSON, first 16 hex digits. */
  readonly scenarioHash: string;
  /** Milliseconds from the start of the load; warm-up first. */
  readonly phases: readonly PlannedPhase[];
  readonly faults: readonly PlannedFault[];
  readonly producers: readonly PlannedProducer[];
  readonly consumers: readonly PlannedConsumer[];
}

export interface PlannedPhase {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Messages per second over all producers. */
  readonly rate: number;
  readonly arrival: Scenario['workload']['arrival'];
  /** False for the warm-up: excluded from latency and rates, never from safety. */
  readonly measured: boolean;
}

export interface PlannedFault {
  /** Position in this list; faults are in order of `atMs`. */
  readonly id: number;
  readonly phase: string;
  readonly kind: string;
  /** A role or nodes of the scenario (`node-1+node-2`); `each-node` became one node each. */
  readonly target: string;
  /** As the fault's own schema understood `with`. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly atMs: number;
  /** Null for faults that heal themselves. A fault that begins late lasts as long as planned. */
  readonly healAtMs: number | null;
  /** This fault must be over, and the cluster settled, before this one begins; null = none. */
  readonly after: number | null;
  /** In [0, 1): picks among the candidates once the role is resolved at injection. */
  readonly pick: number;
  /** For what the fault itself leaves to chance; whole, from 0 to 2^32 - 1. */
  readonly seed: number;
}

export interface PlannedProducer {
  /** Worker number, from 1. */
  readonly worker: number;
  readonly seed: number;
  /** This worker's share of every phase's rate, in (0, 1]. */
  readonly share: number;
}

export interface PlannedConsumer {
  readonly worker: number;
  readonly group: string;
}
