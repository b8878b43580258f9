import { checkers } from './checker/registry.ts';
import { faults } from './fault/registry.ts';
import type { Vocabulary } from './scenario/semantics.ts';

/** What a scenario may name, from the registries. */
export function vocabulary(): Vocabulary {
  return {
    faults,
    checks: checkers.map(({ name }) => name),
  };
}
