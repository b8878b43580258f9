import type { Entry } from '../raft/types.ts';

/**
 * What a replica feeds with committed entries. Deterministic: the same entries in the same order
 * give the same state and the same snapshot bytes on each replica. No clock, no randomness.
 */
export interface StateMachine {
  /** Committed entries in index order, each exactly once. */
  apply(entry: Entry): void;
  /** The state after the last applied entry. */
  snapshot(): Buffer;
  /** Replaces the state; `undefined` is the state before the first entry. */
  restore(snapshot: Buffer | undefined): void;
}
