import type { Capabilities } from '../../driver/driver.ts';
import type { Plan } from '../../scenario/plan-types.ts';
import type { MeasuredExposure } from './exposure.ts';

/** Under which a history is judged. */
export interface Circumstances {
  readonly plan: Plan;
  readonly capabilities: Capabilities;
  /** By the fault's id. A fault that is missing was not measured. */
  readonly exposures: ReadonlyMap<number, MeasuredExposure>;
  /** By how much times that were carried over from another clock may be off; null = nobody knows. */
  readonly clockBoundMs?: number | null;
}

/** The log can be read in full at the end, so that absence from it means something. */
export function lacksFinalRead({ plan, capabilities }: Circumstances): string | undefined {
  if (capabilities.replayable || plan.consumers.length === 0) return undefined;
  return 'the log cannot be read again once it was consumed';
}

export function lacksPositions({ capabilities }: Circumstances): string | undefined {
  return capabilities.positions ? undefined : 'acks and deliveries carry no positions';
}

export function lacksConsumers({ plan }: Circumstances): string | undefined {
  return plan.consumers.length > 0 ? undefined : 'the scenario has no consumers';
}

/** Retries are removed by the broker, so what appears twice or late is the broker's doing. */
export function isIdempotent({ plan, capabilities }: Circumstances): boolean {
  return capabilities.idempotence && plan.scenario.workload.idempotent;
}

export function replicasOf({ topic, nodes }: Plan['scenario']): number {
  return topic.replicas ?? (topic.replication === 'none' ? 1 : Math.min(nodes, 3));
}
