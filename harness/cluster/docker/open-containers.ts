import type { WorkerLauncher } from '../../load/worker-launcher.ts';
import type { ClusterParts } from '../cluster-parts.ts';
import type { Site } from '../links.ts';
import { noLimits, type ContainerLimits } from '../node-container.ts';
import { SupervisedCluster } from '../supervised-cluster.ts';
import { DockerHost } from './docker-host.ts';
import { dockerLauncher } from './docker-launcher.ts';
import { EngineWatch } from './engine-watch.ts';
import type { DockerGround } from './ground.ts';
import { RunNetworks } from './networks.ts';
import { nodePort, Places } from './places.ts';
import { UsageWatch } from './usage-watch.ts';

export interface ContainersOptions extends ClusterParts {
  readonly run: string;
  readonly ground: DockerGround;
  /** All nodes and clients, when faults act on links between them. */
  readonly sites?: readonly Site[];
  /** Of each node and worker; none when left out. */
  readonly limits?: { readonly node: ContainerLimits; readonly worker: ContainerLimits };
  /** Whether the engine is to run checks in the nodes; not when left out. */
  readonly healthChecks?: boolean;
  /** Takes the histories of the workers. */
  readonly historyDirectory: string;
}

/** A cluster and its workers in containers of one engine; nothing is started yet. */
export function openContainers({ run, ground, sites, ...parts }: ContainersOptions): {
  readonly cluster: SupervisedCluster;
  readonly launcher: () => Promise<WorkerLauncher>;
  readonly usage: UsageWatch;
  readonly watch: EngineWatch;
} {
  const { engine, image, gateImage, nodeImage } = ground;
  const { supervisor, logDirectory, program, healthChecks = false } = parts;
  const { limits = { node: noLimits, worker: noLimits } } = parts;
  const networks = new RunNetworks(engine, run);
  const gated = sites && gateImage && { gated: { sites, image: gateImage } };
  const proxied = sites && !gateImage && { proxied: { sites, image } };
  const peerPort = nodePort + program.addressesPerNode - 1;
  const places = new Places({ supervisor, networks, logDirectory, peerPort, ...gated, ...proxied });
  const shared = { ...parts, image, networks, places };
  const host = new DockerHost({
    ...shared,
    nodeImage,
    engine,
    healthChecks,
    limits: limits.node,
  });
  return {
    cluster: new SupervisedCluster(host, parts),
    usage: new UsageWatch(engine.docker, run),
    watch: new EngineWatch(engine, run),
    launcher: () => Promise.resolve(dockerLauncher({ ...shared, limits: limits.worker })),
  };
}
