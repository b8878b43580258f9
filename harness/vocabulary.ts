import { checkers } from './checker/registry.ts';
import { brokerOf } from './driver/registry.ts';
import { faults } from './fault/registry.ts';
import type { Vocabulary } from './scenario/semantics.ts';

/**
 * What a scenario may name, from the registries; and where it names no rate, the one that each of
 * these targets bears. Throws a HarnessError `usage` for a target that there is none of.
 */
export function vocabulary(targets: readonly string[] = []): Vocabulary {
  const rates = targets.flatMap((target) => brokerOf(target).usualRate ?? []);
  return {
    faults,
    checks: checkers.map(({ name }) => name),
    ...(rates.length > 0 && { usualRate: Math.min(...rates) }),
  };
}
