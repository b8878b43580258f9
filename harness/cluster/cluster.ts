import type { Target } from '../driver/driver.ts';
import type { Links } from './links.ts';

/** How a process that was asked to end did so. Monotonic nanoseconds. */
export interface Ending {
  readonly askedAt: number;
  readonly endedAt: number;
  /** It ended by itself and without an error; what had to be killed did not. */
  readonly orderly: boolean;
  /** "exit code 0", "SIGKILL" */
  readonly how: string;
}

/** A broker node's state as the operating system knows it. */
export type NodeState = 'running' | 'paused' | 'stopped';

/**
 * Nodes of one broker, numbered from 1. Every method is idempotent and resolves only once it took
 * effect (`kill` when the process is gone, `pause` when it is in state T, `start` when the node
 * answers clients), with the monotonic nanoseconds at which it did. Owned by the supervisor.
 */
export interface Cluster {
  readonly nodes: number;
  /** Starts all nodes and waits until the cluster can serve. */
  up(): Promise<void>;
  start(node: number): Promise<number>;
  /** SIGTERM, and SIGKILL after a grace time. */
  stop(node: number): Promise<Ending>;
  kill(node: number): Promise<number>;
  pause(node: number): Promise<number>;
  resume(node: number): Promise<number>;
  state(node: number): Promise<NodeState>;
  /** True when a fresh connection to the node's client address is answered. */
  answers(node: number): Promise<boolean>;
  /** For the driver; with `client`, for the load worker of that name, by its own addresses. */
  target(topic: string, client?: string): Target;
  /** Only where every link goes through proxies. */
  readonly links?: Links | undefined;
  down(): Promise<void>;
}
