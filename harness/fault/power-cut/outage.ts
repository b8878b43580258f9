import type { Proof } from '../fault.ts';

/**
 * The power cut of one node, as steps in the order in which they are to be done. All are
 * idempotent; `drop` and `restore` also work when those before them were not done.
 */
export interface Outage {
  /** While the node runs: what the proofs compare with. */
  prepare(): Promise<void>;
  /** Its process is frozen, and nothing more reaches the disk. Resolves with when it was frozen. */
  cutOff(): Promise<number>;
  /** Its process is gone. */
  drop(): Promise<void>;
  /** As the disk comes back; the process may be started after it. */
  restore(): Promise<void>;
  /** That the power was off. */
  proveOff(): Proof;
  /** That what was not synced is gone, and what was synced is not. */
  proveBack(): Proof;
}
