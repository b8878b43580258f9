import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterParts } from '../../../cluster/cluster-parts.ts';
import { ProcessCluster } from '../../../cluster/process/process-cluster.ts';
import { plainStorage } from '../../../cluster/process/storage/plain.ts';
import { Supervisor } from '../../../supervisor/supervisor.ts';
import { natsProgram } from '../program.ts';

export interface StartedCluster {
  readonly cluster: ProcessCluster;
  /** Takes the servers' logs and configurations. */
  readonly logDirectory: string;
  close(): Promise<void>;
}

/** Servers on loopback that nothing has been asked of yet. */
export function newCluster(
  nodes: number,
  file?: string,
  options: Pick<ClusterParts, 'startMsMax'> = {},
): StartedCluster {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-nats-'));
  const ignore = (): void => undefined;
  const supervisor = new Supervisor({ run: 'nats', directory, onExit: ignore, onLost: ignore });
  const logDirectory = join(directory, 'nodes');
  const cluster = new ProcessCluster({
    supervisor,
    nodes,
    program: natsProgram({
      topic: { flush: 'os', flushInterval: 100 },
      ...(file !== undefined && { file }),
    }),
    storage: plainStorage((node) => join(directory, 'data', `node-${node}`)),
    logDirectory,
    token: 'secret',
    ...options,
  });
  const close = async (): Promise<void> => {
    await supervisor.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { cluster, logDirectory, close };
}
