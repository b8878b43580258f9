import type { Plan } from '../../scenario/plan-types.ts';
import { brokers } from '../../driver/registry.ts';
import { harmOf, scopeOf } from './harm.ts';
import type { Hit } from './harm.ts';
import type { LossPromise } from './row.ts';

/** The promise that holds when a fault hits nodes of the planned cluster: the first row that fits. */
export function promiseOf({ target, scenario }: Plan, hit: Hit): LossPromise {
  const { flush, replication } = scenario.topic;
  const harm = harmOf(hit);
  const scope = scopeOf(hit, scenario.nodes);
  const rows = brokers.find(({ name }) => name === target)?.promises;
  const row = rows?.find(
    (candidate) =>
      candidate.harm.includes(harm) &&
      candidate.scope.includes(scope) &&
      candidate.flush.includes(flush) &&
      candidate.replication === replication,
  );
  if (row === undefined) return { loss: 'none' };
  // Until the sync fails, the node acks what that sync was to cover.
  const coversLater = harm === 'failed-sync' && flush !== 'sync';
  // With its other logs it may lead again, and is killed once more to be healed.
  const leadsOn = (harm === 'failed-sync' || harm === 'damage') && replication === 'async';
  return coversLater || leadsOn ? { ...row.promise, lasts: true } : row.promise;
}
