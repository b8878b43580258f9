import { proveDown, proveUp } from './observe.ts';
import { onEach } from './on-each.ts';

/** A shutdown in good order: the process is asked to end and may hand over what it holds. */
export const stop = onEach({
  kind: 'stop',
  description: 'an orderly shutdown, then a start with the same data',
  targets: ['node', 'consumer', 'producer'],
  heals: true,
  inject: (victim) => victim.stop(),
  heal: (victim) => victim.start(),
  probe: (victim, expected) =>
    expected === 'injected' ? proveDown(victim, 'stopped') : proveUp(victim, 15_000),
});
