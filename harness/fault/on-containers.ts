import type { NodeContainer } from '../cluster/node-container.ts';
import type { Fault, Victim } from './fault.ts';
import { withTroubles, type Trouble, type TroubleFault } from './troubles.ts';

/** A fault that does to the container of each victim what it would do to that of one. */
export interface ContainerFault<Options> extends Omit<TroubleFault<Options>, 'needs' | 'trouble'> {
  trouble(victim: Victim, container: NodeContainer, options: Options): Trouble;
}

export function onContainers<Options>(fault: ContainerFault<Options>): Fault<Options> {
  const { kind } = fault;
  return withTroubles({
    ...fault,
    needs: { housing: 'container' },
    trouble(victim, { options }) {
      const { container, name } = victim;
      if (container === undefined)
        throw new Error(`${kind} acts on containers, and ${name} has none`);
      return fault.trouble(victim, container, options);
    },
  });
}
