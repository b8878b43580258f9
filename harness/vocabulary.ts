import { checkers } from './checker/registry.ts';
import { brokerOf } from './driver/registry.ts';
import { faults } from './fault/registry.ts';
import type { Vocabulary } from './scenario/semantics.ts';

/**
 * What a scenario may name, from the registries; and for what it leaves open, the rate that each of
 * these targets bears, and the drain that each may need. Throws a HarnessError
 * `usage` for a target that there is none of.
 */
export function vocabulary(targets: readonly string[] = []): Vocabulary {
  const brokers = targets.map(brokerOf);
  const rates = brokers.flatMap(({ usualRate }) => usualRate ?? []);
  const drains = brokers.flatMap(({ usualDrain }) => usualDrain ?? []);
  return {
    faults,
    checks: checkers.map(({ name }) => name),
    ...(rates.length > 0 && { usualRate: Math.min(...rates) }),
    ...(drains.length > 0 && { usualDrain: Math.max(...drains) }),
  };
}
