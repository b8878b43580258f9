import type { Target } from '../driver/driver.ts';
import type { ProcessIdentity } from '../supervisor/process-table.ts';
import type { Links } from './links.ts';
import type { NodeContainer } from './node-container.ts';
import type { NodeDisk } from './node-storage.ts';

/** In what a node or a worker lives: what is paused, killed and seen from outside. */
export type Housing = 'process' | 'container';

/**
 * Where and how the nodes of a cluster are run. All that it starts the supervisor owns, under the
 * names `node-1`, `node-2`, ... Rejects with HarnessError.
 */
export interface NodeHost {
  readonly housing: Housing;
  readonly nodes: number;
  /** Once, before all else: places for the data, networks, images. */
  prepare(): Promise<void>;
  /** Addresses for all nodes, kept over their restarts; again when one was taken meanwhile. */
  chooseAddresses(): Promise<void>;
  /** Where the harness itself reaches the nodes, in their order. */
  readonly addresses: readonly string[];
  /** Starts a life of a node; its first line on stdout says that it is ready. */
  spawn(node: number): Promise<ProcessIdentity>;
  /** Takes what the node says. */
  logFile(node: number): string;
  /** For the harness itself; with `client`, for the load worker of that name. */
  target(topic: string, client?: string): Target;
  readonly links: Links | undefined;
  disk(node: number): NodeDisk;
  /** Where nodes live in containers. */
  container?(node: number): NodeContainer;
  /** A sentence when it is something that the host itself cannot do without. */
  exited(name: string, how: string): string | undefined;
  /** All nodes have ended. */
  close(): Promise<void>;
}
