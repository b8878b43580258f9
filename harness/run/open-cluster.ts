import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ProcessCluster } from '../cluster/process/process-cluster.ts';
import { openStorage } from '../cluster/process/storage/storage.ts';
import type { StorageForm } from '../cluster/node-storage.ts';
import type { SupervisedCluster } from '../cluster/supervised-cluster.ts';
import { processLauncher, type WorkerLauncher } from '../load/worker-launcher.ts';
import type { Plan } from '../scenario/plan-types.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { needsLinks, sitesOf } from './network-sites.ts';
import { dataDirectoryName, historyDirectoryName, nodeDirectoryName } from './run-facts.ts';

export interface OpenClusterOptions {
  readonly plan: Plan;
  readonly supervisor: Supervisor;
  /** The run folder. */
  readonly directory: string;
  readonly storage: StorageForm;
  readonly nodeMain: string | undefined;
}

/** What a run is made of: broker nodes, and the way in which its load workers come to be. */
export interface OpenCluster {
  readonly cluster: SupervisedCluster;
  /** Asked for once the cluster is up. */
  launcher(): Promise<WorkerLauncher>;
}

/** As the plan's `cluster` says; nothing is started yet. */
export function openCluster(options: OpenClusterOptions): OpenCluster {
  const { plan, supervisor, directory, nodeMain } = options;
  const logDirectory = join(directory, nodeDirectoryName);
  const cluster = new ProcessCluster({
    supervisor,
    nodes: plan.scenario.nodes,
    storage: openStorage({
      form: options.storage,
      sizeBytes: plan.scenario.storage.size,
      supervisor,
      directory: join(directory, dataDirectoryName),
    }),
    logDirectory,
    token: randomBytes(16).toString('hex'),
    ...(nodeMain === undefined ? {} : { nodeMain }),
    ...(needsLinks(plan) ? { proxied: sitesOf(plan) } : {}),
  });
  const historyDirectory = join(directory, historyDirectoryName);
  return { cluster, launcher: () => processLauncher({ supervisor, historyDirectory, logDirectory }) };
}
