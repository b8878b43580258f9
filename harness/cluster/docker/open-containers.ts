import type { WorkerLauncher } from '../../load/worker-launcher.ts';
import type { ClusterParts } from '../cluster-parts.ts';
import { SupervisedCluster } from '../supervised-cluster.ts';
import { DockerHost } from './docker-host.ts';
import { dockerLauncher } from './docker-launcher.ts';
import type { DockerGround } from './ground.ts';
import { RunNetworks } from './networks.ts';

export interface ContainersOptions extends ClusterParts {
  readonly run: string;
  readonly ground: DockerGround;
  /** Takes the histories of the workers. */
  readonly historyDirectory: string;
}

/** A cluster and its workers in containers of one engine; nothing is started yet. */
export function openContainers({ run, ground, ...parts }: ContainersOptions): {
  readonly cluster: SupervisedCluster;
  readonly launcher: () => Promise<WorkerLauncher>;
} {
  const { engine, image } = ground;
  const shared = { ...parts, image, networks: new RunNetworks(engine, run) };
  return {
    cluster: new SupervisedCluster(parts.supervisor, new DockerHost({ ...shared, engine })),
    launcher: () => Promise.resolve(dockerLauncher(shared)),
  };
}
