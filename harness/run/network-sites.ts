import type { Site } from '../cluster/links.ts';
import type { FaultNeeds } from '../fault/fault.ts';
import { faults } from '../fault/registry.ts';
import type { Plan } from '../scenario/plan-types.ts';

/**
 * What the faults of the plan need of links, at most; undefined where none acts on any: then
 * everybody talks to everybody directly.
 */
export function linksNeeded(plan: Plan): FaultNeeds['links'] {
  const needed = plan.faults.map(({ kind }) => needsOf(kind)?.links);
  return (['shape', 'cut'] as const).find((need) => needed.includes(need));
}

/** What a fault of this kind needs of the cluster. */
export function needsOf(kind: string): FaultNeeds | undefined {
  return faults.find((fault) => fault.kind === kind)?.needs;
}

/** Nodes and load workers as places on the network; `beside-nodes` deals the workers to the nodes. */
export function sitesOf({ scenario, producers, consumers }: Plan): Site[] {
  const { nodes, workload } = scenario;
  const client = (name: string, worker: number): Site => ({
    name: `${name}-${worker}`,
    kind: 'client',
    ...(workload.placement === 'beside-nodes' && {
      besideNode: `node-${((worker - 1) % nodes) + 1}`,
    }),
  });
  return [
    ...Array.from({ length: nodes }, (_, index): Site => ({
      name: `node-${index + 1}`,
      kind: 'node',
    })),
    ...producers.map(({ worker }) => client('producer', worker)),
    ...consumers.map(({ worker }) => client('consumer', worker)),
  ];
}
