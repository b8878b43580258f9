import type { NodeState } from '../cluster/cluster.ts';

/**
 * One fault per file, registered in `registry.ts`. `inject` and `heal` say when they took effect;
 * `probe` proves it from outside, and is asked after both. Effect times are monotonic nanoseconds.
 */
export interface Fault {
  readonly kind: string;
  readonly description: string;
  /** What it can act on. */
  readonly targets: readonly ('node' | 'consumer' | 'producer')[];
  /** Faults that need no heal (a restart) heal themselves inside `inject`. */
  readonly heals: boolean;
  inject(victim: Victim): Promise<number>;
  heal(victim: Victim): Promise<number>;
  probe(victim: Victim, expected: 'injected' | 'healed'): Promise<Proof>;
}

/** The process a fault acts on: a node of the cluster, or a load worker. */
export interface Victim {
  readonly target: 'node' | 'consumer' | 'producer';
  /** Node or worker number, from 1. */
  readonly number: number;
  /** As history and reports name it: "node 2", "consumer 1". */
  readonly name: string;
  /** Of its last life; 0 = never started. */
  pid(): number;
  start(): Promise<number>;
  stop(): Promise<number>;
  kill(): Promise<number>;
  pause(): Promise<number>;
  resume(): Promise<number>;
  state(): Promise<NodeState>;
  /** Serves its clients (node), or reported work done since the last call (worker). */
  answers(): Promise<boolean>;
}

export interface Proof {
  readonly result: 'confirmed' | 'mismatch' | 'inconclusive';
  /** What was observed, in words: "process 4711 in state T, no answer within 200 ms". */
  readonly evidence: string;
}
