import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ClusterParts } from '../cluster/cluster-parts.ts';
import type { ClusterKind } from '../cluster/kinds.ts';
import { ProcessCluster } from '../cluster/process/process-cluster.ts';
import { openStorage } from '../cluster/process/storage/storage.ts';
import type { NodeProgram } from '../cluster/node-program.ts';
import type { StorageForm } from '../cluster/node-storage.ts';
import type { SiteUsage } from '../cluster/site-usage.ts';
import type { SupervisedCluster } from '../cluster/supervised-cluster.ts';
import { processLauncher, type WorkerLauncher } from '../load/worker-launcher.ts';
import type { Plan } from '../scenario/plan-types.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { containerWishes } from './container-wishes.ts';
import { linksNeeded, needsOf, sitesOf } from './network-sites.ts';
import { dataDirectoryName, historyDirectoryName, nodeDirectoryName } from './run-facts.ts';

export interface OpenClusterOptions {
  readonly plan: Plan;
  readonly supervisor: Supervisor;
  readonly run: string;
  /** The run folder. */
  readonly directory: string;
  readonly storage: StorageForm;
  readonly program: NodeProgram;
}

/** What a run is made of: broker nodes, and the way in which its load workers come to be. */
export interface OpenCluster {
  readonly cluster: SupervisedCluster;
  /** Asked for once there are networks to be on: for containers, when the cluster is up. */
  launcher(): Promise<WorkerLauncher>;
  /** Where somebody tells what the nodes and workers use. */
  readonly usage?: { start(): void; stop(): Promise<readonly SiteUsage[]> };
  /** Where something may go away that all nodes and workers stand on: says so in a sentence. */
  readonly watch?: { start(onLost: (sentence: string) => void): void; stop(): void };
}

/** A machine on which clusters of one kind can be opened. */
export interface Ground {
  /** What it is, in words; empty for processes of this machine. */
  readonly description: string;
  /** What of the scenario comes to nothing here, in words; mostly nothing. */
  readonly caveat: string;
  /** In what way faults act on links here. */
  readonly linksBy: 'proxied' | 'filtered';
  /** Nothing is started yet. */
  open(options: OpenClusterOptions): OpenCluster;
}

const limitsIgnored = 'processes are not limited: the limits of the scenario are for containers';

/** Looks whether it is there. Rejects with a HarnessError in one sentence; leaves nothing behind. */
export async function findGround(
  plan: Plan,
  options: {
    readonly kind: ClusterKind;
    readonly storage: StorageForm;
    readonly program: NodeProgram;
    readonly nodeImage: string | undefined;
    readonly onBuild: (what: string) => void;
  },
): Promise<Ground> {
  const { kind, storage, program, nodeImage, onBuild } = options;
  if (kind === 'process') {
    const caveat = plan.scenario.containers === undefined ? '' : limitsIgnored;
    return { description: '', caveat, linksBy: 'proxied', open: openProcesses };
  }
  const needed = linksNeeded(plan);
  // A packet filter is nearer to what happens out there, and can only cut.
  const cuts = needed === 'cut';
  // Loaded only by those who ask for it: the client of the engine is large.
  const [{ findDockerGround }, { openContainers }] = await Promise.all([
    import('../cluster/docker/ground.ts'),
    import('../cluster/docker/open-containers.ts'),
  ]);
  const onFiles = plan.faults.find(({ kind: fault }) => needsOf(fault)?.files === 'here')?.kind;
  const ground = await findDockerGround({ program, storage, cuts, nodeImage, onBuild, onFiles });
  return {
    description: ground.description,
    caveat: '',
    linksBy: cuts ? 'filtered' : 'proxied',
    open: (opening) =>
      openContainers({
        ...partsOf(opening),
        ground,
        run: opening.run,
        ...containerWishes(plan),
        ...(needed === undefined ? {} : { sites: sitesOf(plan) }),
      }),
  };
}

function openProcesses(options: OpenClusterOptions): OpenCluster {
  const parts = partsOf(options);
  const { plan } = options;
  const proxied = linksNeeded(plan) === undefined ? {} : { proxied: sitesOf(plan) };
  return {
    cluster: new ProcessCluster({ ...parts, ...proxied }),
    launcher: () => processLauncher(parts),
  };
}

function partsOf(
  options: OpenClusterOptions,
): ClusterParts & { readonly historyDirectory: string } {
  const { plan, supervisor, directory, program } = options;
  return {
    supervisor,
    nodes: plan.scenario.nodes,
    program,
    storage: openStorage({
      form: options.storage,
      sizeBytes: plan.scenario.storage.size,
      supervisor,
      directory: join(directory, dataDirectoryName),
    }),
    logDirectory: join(directory, nodeDirectoryName),
    historyDirectory: join(directory, historyDirectoryName),
    token: randomBytes(16).toString('hex'),
  };
}
