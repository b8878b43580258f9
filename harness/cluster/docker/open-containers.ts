import type { WorkerLauncher } from '../../load/worker-launcher.ts';
import type { ClusterParts } from '../cluster-parts.ts';
import type { Site } from '../links.ts';
import { SupervisedCluster } from '../supervised-cluster.ts';
import { DockerHost } from './docker-host.ts';
import { dockerLauncher } from './docker-launcher.ts';
import type { DockerGround } from './ground.ts';
import { RunNetworks } from './networks.ts';
import { Places } from './places.ts';
import { UsageWatch } from './usage-watch.ts';

export interface ContainersOptions extends ClusterParts {
  readonly run: string;
  readonly ground: DockerGround;
  /** Another program in the place of the reference broker's node. */
  readonly nodeMain?: string;
  /** All nodes and clients, when links between them are to be cut. */
  readonly sites?: readonly Site[];
  /** Takes the histories of the workers. */
  readonly historyDirectory: string;
}

/** A cluster and its workers in containers of one engine; nothing is started yet. */
export function openContainers({ run, ground, sites, ...parts }: ContainersOptions): {
  readonly cluster: SupervisedCluster;
  readonly launcher: () => Promise<WorkerLauncher>;
  readonly usage: UsageWatch;
} {
  const { engine, image, gateImage } = ground;
  const { supervisor, logDirectory } = parts;
  const networks = new RunNetworks(engine, run);
  const gated = sites && gateImage ? { gated: { sites, image: gateImage } } : {};
  const places = new Places({ supervisor, networks, logDirectory, ...gated });
  const shared = { ...parts, image, networks, places };
  return {
    cluster: new SupervisedCluster(new DockerHost({ ...shared, engine }), parts),
    usage: new UsageWatch(engine.docker, run),
    launcher: () => Promise.resolve(dockerLauncher(shared)),
  };
}
