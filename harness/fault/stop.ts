import type { Ending } from '../cluster/cluster.ts';
import type { Proof, Victim } from './fault.ts';
import { proveDown, proveUp } from './observe.ts';
import { onEach } from './on-each.ts';

const endings = new WeakMap<Victim, Ending>();

/**
 * A shutdown in good order: the process is asked to end and may hand over what it holds. It takes
 * effect when it is asked, since from then on it may serve no longer.
 */
export const stop = onEach({
  kind: 'stop',
  description: 'an orderly shutdown, then a start with the same data',
  targets: ['node', 'consumer', 'producer'],
  heals: true,
  async inject(victim) {
    const ending = await victim.stop();
    endings.set(victim, ending);
    return ending.askedAt;
  },
  heal: (victim) => victim.start(),
  probe: async (victim, expected) =>
    expected === 'healed'
      ? proveUp(victim, 15_000)
      : (proveOrderly(victim, endings.get(victim)) ?? proveDown(victim, 'stopped')),
});

/** What speaks against a shutdown in good order: one that had to be killed is another fault. */
export function proveOrderly(victim: Victim, ending: Ending | undefined): Proof | undefined {
  if (ending === undefined)
    return { result: 'inconclusive', evidence: `${victim.name} was not seen to stop` };
  if (ending.orderly) return undefined;
  const evidence = `${victim.name} did not end in good order (${ending.how})`;
  return { result: 'mismatch', evidence };
}
