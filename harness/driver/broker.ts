import type { Row } from '../checker/promise/row.ts';
import type { NodeProgram } from '../cluster/node-program.ts';
import type { StorageForm } from '../cluster/node-storage.ts';
import type { FaultNeeds } from '../fault/fault.ts';
import type { Plan } from '../scenario/plan-types.ts';
import type { Driver } from './driver.ts';

/**
 * All that the harness must know of a broker: how it is driven, how its nodes are started and
 * asked, what it promises, and what it cannot do. One folder here, and a line in `registry.ts`.
 * Clients and whatever else is large are loaded only when they are asked for.
 */
export interface Broker {
  readonly name: string;
  /** What it is, for `ackworth list`. */
  readonly description: string;
  driver(): Promise<Driver>;
  /** Its nodes; left out where it has none that could be started. */
  readonly program?: (options: ProgramOptions) => Promise<NodeProgram>;
  /** What it needs of this machine, for `ackworth doctor`; left out where it needs nothing. */
  readonly examine?: () => Promise<{
    readonly state: 'good' | 'doubtful';
    readonly found: string;
    /** What is amiss and what to do; empty when good. */
    readonly advice: string;
  }>;
  /** A fault and mode that fit no row are held to lose nothing. */
  readonly promises: readonly Row[];
  /**
   * Messages per second that three nodes bear in each mode, on two cores and a common disk: the rate
   * of a scenario that names none. Left out where that is the schema's.
   */
  readonly usualRate?: number;
  /**
   * In ms, how long clients may have to wait for nodes that all run, by timers of its makers: the
   * drain of a scenario that names none. Left out where the schema's does.
   */
  readonly usualDrain?: number;
  /** What its nodes can keep their data on. */
  readonly storage: readonly StorageForm[];
  /**
   * Why it cannot do what is planned, as a sentence that says what to do instead. `links`: what
   * faults of the plan do to links between nodes, at most.
   */
  refuses(plan: Plan, links: FaultNeeds['links']): string | undefined;
}

export interface ProgramOptions {
  readonly topic: Pick<Plan['scenario']['topic'], 'flush' | 'flushInterval'>;
  /** Another program in the place of the broker's own. */
  readonly file?: string;
}
