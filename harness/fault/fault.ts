import type { z } from 'zod';
import type { Ending, NodeState } from '../cluster/cluster.ts';
import type { Links } from '../cluster/links.ts';
import type { NodeContainer } from '../cluster/node-container.ts';
import type { Housing } from '../cluster/node-host.ts';
import type { NodeDisk, StorageForm } from '../cluster/node-storage.ts';
import type { Roles } from '../driver/driver.ts';

/**
 * One fault per file, registered in `registry.ts`. It acts on all its victims at the same instant.
 * `inject` and `heal` say when they took effect (on the last victim); `probe` proves it from
 * outside, and is asked after both. Effect times are monotonic nanoseconds.
 *
 * `Options` is what a scenario may say under `with`; `options` checks it when the file is loaded.
 */
export interface Fault<Options = unknown> {
  readonly kind: string;
  readonly description: string;
  /** What it can act on. */
  readonly targets: readonly TargetClass[];
  /** Faults that need no heal (a restart) heal themselves inside `inject`. */
  readonly heals: boolean;
  readonly options: z.ZodType<Options>;
  /** What it needs of the cluster that not every cluster has; nothing when left out. */
  readonly needs?: FaultNeeds;
  inject(site: FaultSite<Options>): Promise<number>;
  heal(site: FaultSite<Options>): Promise<number>;
  probe(site: FaultSite<Options>, expected: 'injected' | 'healed'): Promise<Proof>;
}

export interface FaultNeeds {
  /** The storage forms that it can act on; all when left out. */
  readonly storage?: readonly StorageForm[];
  /** Links that can be cut; or shaped as well: delayed, reset. */
  readonly links?: 'cut' | 'shape';
  /** Nodes that live in containers. */
  readonly housing?: 'container';
  /** The files of the nodes, at hand on this machine. */
  readonly files?: 'here';
}

export type TargetClass = 'node' | 'consumer' | 'producer';

/** Where a fault acts: the same object from its injection to the probe of its healing. */
export interface FaultSite<Options = unknown> {
  /** At least one. */
  readonly victims: readonly Victim[];
  readonly options: Options;
  /** For what it leaves to chance; whole, from 0 to 2^32 - 1. */
  readonly seed: number;
  /** Who leads and coordinates now; rejects while nobody can tell. */
  roles(): Promise<Roles>;
  /** Where a fault of the plan needs them. */
  readonly links?: Links;
}

/** The process or container a fault acts on: a node of the cluster, or a load worker. */
export interface Victim {
  readonly target: TargetClass;
  /** Node or worker number, from 1. */
  readonly number: number;
  /** As history and reports name it: "node 2", "consumer 1". */
  readonly name: string;
  readonly housing: Housing;
  /** Of its last life; 0 = never started. */
  pid(): number;
  start(): Promise<number>;
  stop(): Promise<Ending>;
  kill(): Promise<number>;
  pause(): Promise<number>;
  resume(): Promise<number>;
  /** Rejects once its supervisor has gone, and it too: whoever waits for it keeps asking. */
  state(): Promise<NodeState>;
  /** Serves its clients (node), or reported work done since the last call (worker). */
  answers(): Promise<boolean>;
  /** Of a node: where it keeps its data. */
  readonly disk?: NodeDisk;
  /** Of a node that lives in a container. */
  readonly container?: NodeContainer;
  /** Of a node: how it fares with what it finds on its disk. */
  readonly trial?: NodeTrial;
}

/** Of a node that may not be able to go on with what its disk does, or has done, to it. */
export interface NodeTrial {
  /**
   * Starts it without waiting for it to serve, since it may refuse to. Until it is started with
   * `start`, it may end by itself.
   */
  launch(): Promise<number>;
  /** From now on it may end by itself, until it is started. */
  excuse(): void;
  /** What it has complained about in its present or last life, as sentences. */
  complaints(): readonly string[];
  /** Reads what it itself holds, for the checkers to judge. Takes seconds where it refuses. */
  inspect(): Promise<Inspection>;
}

/** What came of reading a node's own copy; what was read is in the history. */
export interface Inspection {
  /** Records that it handed out. */
  readonly records: number;
  /** Of those, records that are not what was written. */
  readonly damaged: number;
  /** It handed out all it says to have committed. */
  readonly complete: boolean;
  /** Why it did not, in its own words or the client's. */
  readonly reason: string;
}

export interface Proof {
  readonly result: 'confirmed' | 'mismatch' | 'inconclusive';
  /** What was observed, in words: "process 4711 in state T, no answer within 200 ms". */
  readonly evidence: string;
}
