import type { Supervisor } from '../supervisor/supervisor.ts';
import type { NodeProgram } from './node-program.ts';
import type { NodeStorage } from './node-storage.ts';

/** What clusters of all kinds are made from. */
export interface ClusterParts {
  readonly supervisor: Supervisor;
  readonly nodes: number;
  /** What a node is. */
  readonly program: NodeProgram;
  readonly storage: NodeStorage;
  /** Takes a log file per node. */
  readonly logDirectory: string;
  /** Secret of this cluster; new for each run. */
  readonly token: string;
  /** How long a node may take until it answers, and all of them until they serve; 30 s if unsaid. */
  readonly startMsMax?: number;
}
