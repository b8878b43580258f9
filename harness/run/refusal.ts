import type { Broker } from '../driver/broker.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { allowedStorage, type Vocabulary } from '../scenario/semantics.ts';
import { linksNeeded } from './network-sites.ts';

/** Why this broker cannot do what is planned, as a sentence; undefined when it can. */
export function refusalOf(broker: Broker, plan: Plan, vocabulary: Vocabulary): string | undefined {
  const { name, storage } = broker;
  const { form } = plan.scenario.storage;
  const known = storage.join(', ');
  if (form !== 'auto' && !storage.includes(form))
    return `"${name}" cannot keep its data on ${form} storage; it can on ${known}`;
  const acting = allowedStorage(plan.scenario, vocabulary);
  if (!acting.some((one) => storage.includes(one))) {
    const needed = acting.join(', ');
    const faults = `the faults of ${plan.scenario.name} act on ${needed} storage alone`;
    return `${faults}, and "${name}" can keep its data only on ${known}`;
  }
  return broker.refuses(plan, linksNeeded(plan));
}
