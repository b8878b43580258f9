import { proveDown, proveUp } from './observe.ts';
import { onEach } from './on-each.ts';

/**
 * SIGSTOP and SIGCONT: the process freezes with all that it holds and wakes up later, not knowing
 * that time has passed. Its connections stay open, so its peers learn of it by silence alone.
 */
export const pause = onEach({
  kind: 'pause',
  description: 'SIGSTOP, then SIGCONT: frozen, later awake as a zombie',
  targets: ['node', 'consumer', 'producer'],
  heals: true,
  inject: (victim) => victim.pause(),
  heal: (victim) => victim.resume(),
  probe: (victim, expected) =>
    expected === 'injected' ? proveDown(victim, 'paused') : proveUp(victim, 15_000),
});
