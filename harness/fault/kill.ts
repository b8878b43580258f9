import type { Fault } from './fault.ts';
import { proveDown, proveUp } from './observe.ts';
import { onEach } from './on-each.ts';
import { endWithQueues } from './on-links.ts';

const killEach = onEach({
  kind: 'kill',
  description: 'kill -9, then start again with the same data',
  targets: ['node', 'consumer', 'producer'],
  heals: true,
  inject: (victim) => victim.kill(),
  heal: (victim) => victim.start(),
  probe: (victim, expected) =>
    expected === 'injected' ? proveDown(victim, 'stopped') : proveUp(victim, 15_000),
});

/** `kill -9`: the process dies without a word; what the kernel holds of its files survives. */
export const kill: Fault = {
  ...killEach,
  inject: (site) => endWithQueues(site, () => killEach.inject(site)),
};
