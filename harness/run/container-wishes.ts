import type { ContainerLimits } from '../cluster/node-container.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { needsOf } from './network-sites.ts';

/** What a plan wants of the containers of its nodes and workers. */
export interface ContainerWishes {
  readonly limits: { readonly node: ContainerLimits; readonly worker: ContainerLimits };
  /** A check is a process in the node's container, and in the way where that is changed. */
  readonly healthChecks: boolean;
}

export function containerWishes({ scenario, faults }: Plan): ContainerWishes {
  const { node = {}, worker = {} } = scenario.containers ?? {};
  const changed = faults.some(({ kind }) => needsOf(kind)?.housing === 'container');
  return {
    limits: { node: limitsOf(node), worker: limitsOf(worker) },
    healthChecks: !changed && Object.keys(node).length === 0,
  };
}

type Wanted = NonNullable<Plan['scenario']['containers']>['node'];

function limitsOf({ memory, cpus }: Wanted): ContainerLimits {
  return { memoryBytes: memory ?? null, cpus: cpus ?? null };
}
