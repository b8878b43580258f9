import type { Ending } from '../cluster/cluster.ts';
import type { Victim } from './fault.ts';
import { proveUp } from './observe.ts';
import { onEach } from './on-each.ts';
import { proveOrderly } from './stop.ts';

interface Restart {
  readonly pidBefore: number;
  readonly pidAfter: number;
  readonly startedAt: number;
  readonly ending: Ending;
}

// The fault is over when `inject` returns; what it did is kept for the proof.
const restarts = new WeakMap<Victim, Restart>();

/** An orderly shutdown followed at once by a start: what an upgrade does to each node in turn. */
export const restart = onEach({
  kind: 'restart',
  description: 'an orderly shutdown and at once a start with the same data',
  targets: ['node', 'consumer', 'producer'],
  heals: false,
  async inject(victim) {
    restarts.delete(victim);
    const pidBefore = victim.pid();
    const ending = await victim.stop();
    const startedAt = await victim.start();
    restarts.set(victim, { pidBefore, pidAfter: victim.pid(), startedAt, ending });
    return ending.askedAt;
  },
  async heal(victim) {
    const done = restarts.get(victim);
    // Interrupted between the two halves: the second is still owed.
    return done?.startedAt ?? victim.start();
  },
  async probe(victim, expected) {
    if (expected === 'healed') return proveUp(victim, 15_000);
    const done = restarts.get(victim);
    if (!done)
      return { result: 'inconclusive', evidence: `${victim.name} was not seen to restart` };
    const disorder = proveOrderly(victim, done.ending);
    if (disorder !== undefined) return disorder;
    const { pidBefore, pidAfter } = done;
    if (pidBefore === pidAfter || pidBefore === 0) {
      return { result: 'mismatch', evidence: `${victim.name} is still process ${pidBefore}` };
    }
    return {
      result: 'confirmed',
      evidence: `process ${pidBefore} ended, process ${pidAfter} took its place`,
    };
  },
});
