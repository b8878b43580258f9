import type { Supervisor } from '../supervisor/supervisor.ts';
import type { NodeStorage } from './node-storage.ts';

/** What clusters of all kinds are made from. */
export interface ClusterParts {
  readonly supervisor: Supervisor;
  readonly nodes: number;
  readonly storage: NodeStorage;
  /** Takes a log file per node. */
  readonly logDirectory: string;
  /** Secret of this cluster; new for each run. */
  readonly token: string;
  /** The program of a node, started as the reference broker's `main.js` is; default: that one. */
  readonly nodeMain?: string;
}
