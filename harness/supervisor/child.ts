import type { NodeState } from '../cluster/cluster.ts';
import type { ContainerActs } from './container-acts.ts';
import type { ProcessIdentity } from './process-table.ts';

/**
 * One life of something that the supervisor owns: a process or a container. Effects resolve with
 * the monotonic nanoseconds at which they were observed.
 */
export interface Child {
  readonly name: string;
  /** Of its main process, as the kernel that it runs on counts. */
  readonly identity: ProcessIdentity;
  readonly isContainer: boolean;
  /** Of a container: the ports of this machine that its published ports got, in their order. */
  readonly ports: readonly number[];
  /** Resolves with the time at which its end was seen. */
  readonly exited: Promise<number>;
  readonly isOver: boolean;
  /** How it ended, "exit code 0" or "SIGKILL"; empty while it lives. */
  readonly ending: string;
  state(): Promise<NodeState>;
  /** Asks it to end, and makes it end after the grace time. */
  stop(graceMs: number): Promise<number>;
  kill(): Promise<number>;
  pause(): Promise<number>;
  /** By signals, which have been sent when `pause` returns its promise; an engine takes its time. */
  readonly pausesAtOnce: boolean;
  resume(): Promise<number>;
  /** Of a container: what cannot be done to a process. */
  readonly acts?: ContainerActs;
  /** Once it has ended: what it left is put in order. */
  readonly retired: Promise<void>;
}

/** How one ended, for `exited` notices. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly atNanos: number;
}
