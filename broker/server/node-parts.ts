import type { Env } from '../env/env.ts';
import type { HostedSystem } from './hosted-system.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Metrics } from './metrics.ts';
import type { NodeAddress, NodeLimits, Report, Wraps } from './node-options.ts';
import type { ReplicaSet } from './replica-set.ts';

/** What the request handlers work on. */
export interface NodeParts {
  readonly nodeId: number;
  /** Every member, by id. */
  readonly nodes: readonly NodeAddress[];
  readonly env: Env;
  readonly limits: NodeLimits;
  readonly wrap: Wraps;
  readonly budget: MemoryBudget;
  readonly metrics: Metrics;
  readonly system: HostedSystem;
  readonly replicas: ReplicaSet;
  readonly report: Report;
  /** Compares in constant time. */
  isToken(token: string): boolean;
}
