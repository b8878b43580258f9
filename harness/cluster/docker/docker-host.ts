import { chownSync, lchownSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Target } from '../../driver/driver.ts';
import { HarnessError } from '../../errors.ts';
import type { ProcessIdentity } from '../../supervisor/process-table.ts';
import type { ClusterParts } from '../cluster-parts.ts';
import type { Links } from '../links.ts';
import type { ContainerLimits } from '../node-container.ts';
import { proxiesName } from '../network/proxied-network.ts';
import type { NodeHost } from '../node-host.ts';
import type { NodeSeat } from '../node-program.ts';
import type { NodeDisk } from '../node-storage.ts';
import { freePorts } from '../process/free-ports.ts';
import { nameOf } from '../supervised-cluster.ts';
import { givenFolder, type ContainerSpec } from './container-spec.ts';
import { DockerNode } from './docker-node.ts';
import type { Engine } from './engine.ts';
import type { NodeImage } from './image/node-image.ts';
import type { RunNetworks } from './networks.ts';
import { siteOfGateName } from './links/gate-name.ts';
import { nodePort, type Places } from './places.ts';
import { containerUser } from './user.ts';

export interface DockerHostOptions extends ClusterParts {
  readonly engine: Engine;
  readonly nodeImage: NodeImage;
  readonly networks: RunNetworks;
  readonly places: Places;
  /** Of each node. */
  readonly limits: ContainerLimits;
  /** Whether the engine may run checks in the nodes: they use what the node may use. */
  readonly healthChecks: boolean;
}

/** Whoever the container runs as may write there, into a fresh volume too. */
const dataTarget = '/keep';

/** Nodes of a broker in containers, each with its data from a folder of this machine. */
export class DockerHost implements NodeHost {
  readonly housing = 'container';
  readonly nodes: number;
  readonly #options: DockerHostOptions;
  readonly #containers: readonly DockerNode[];
  #ports: readonly number[] = [];
  #closing = false;

  constructor(options: DockerHostOptions) {
    this.#options = options;
    this.nodes = options.nodes;
    const { supervisor, networks, places, program, token, limits: planned, engine } = options;
    const shared = { supervisor, networks, places, program, token, planned, local: engine.local };
    this.#containers = this.#numbers.map(
      (node) => new DockerNode({ ...shared, name: nameOf(node) }),
    );
    mkdirSync(options.logDirectory, { recursive: true });
  }

  async prepare(): Promise<void> {
    const { supervisor, engine, places, storage } = this.#options;
    await supervisor.useEngine(engine.endpoint);
    await Promise.all([places.prepare(), ...this.#numbers.map((node) => storage.prepare(node))]);
  }

  async chooseAddresses(): Promise<void> {
    const { places } = this.#options;
    const published = this.#numbers.flatMap((node) => places.publishedOf(nameOf(node)) ?? []);
    this.#ports = published.length > 0 ? published : await freePorts(this.nodes);
  }

  get addresses(): readonly string[] {
    return this.#ports.map((port) => `127.0.0.1:${port}`);
  }

  async spawn(node: number): Promise<ProcessIdentity> {
    const { supervisor, program, nodeImage, healthChecks } = this.#options;
    // An image of the user's own brings its own check, or none.
    const checked = healthChecks && !nodeImage.isGiven;
    const {
      arguments: told,
      environment = {},
      ...start
    } = program.contained.start(this.#seatOf(node), { checked });
    const { process: identity } = await supervisor.contain({
      name: nameOf(node),
      logFile: this.logFile(node),
      container: {
        image: nodeImage.tag,
        command: [...nodeImage.command, ...told],
        environment,
        ...start,
        user: containerUser(),
        ...this.container(node).specOfLife(this.#ports[node - 1] ?? 0),
        data: this.#dataOf(node),
      },
    });
    return identity;
  }

  logFile(node: number): string {
    return join(this.#options.logDirectory, `${nameOf(node)}.log`);
  }

  /** Workers are on the client network themselves. */
  target(topic: string, client?: string): Target {
    const { token, places } = this.#options;
    const addresses =
      client === undefined
        ? this.addresses
        : this.#numbers.map((node) => places.dialled({ from: client, to: nameOf(node) }, 'client'));
    return { addresses, token, topic };
  }

  disk(node: number): NodeDisk {
    return this.#options.storage.disk(node);
  }

  container(node: number): DockerNode {
    const container = this.#containers[node - 1];
    if (container === undefined) throw new HarnessError('cluster', `there is no node ${node}`);
    return container;
  }

  get links(): Links | undefined {
    return this.#options.places.links;
  }

  exited(name: string, how: string): string | undefined {
    if (this.#closing) return undefined;
    if (name === proxiesName)
      return `the container that carries the network of the run ended by itself (${how})`;
    const site = siteOfGateName(name);
    return site && `the container with the network of ${site} ended by itself (${how})`;
  }

  close(): Promise<void> {
    this.#closing = true;
    this.#options.places.close();
    return this.#options.storage.close();
  }

  get #numbers(): number[] {
    return Array.from({ length: this.nodes }, (_, index) => index + 1);
  }

  /** Where the engine sees no folder of this machine, it keeps the data itself. */
  #dataOf(node: number): NonNullable<ContainerSpec['data']> {
    const { engine, storage, networks } = this.#options;
    if (!engine.local) return { volume: `${networks.prefix}-${nameOf(node)}`, target: dataTarget };
    const folder = resolve(storage.configOf(node).dataDirectory);
    giveTo(folder);
    return { folder, target: dataTarget };
  }

  /** It listens on whichever networks it is on: a life may begin off that between the nodes. */
  #seatOf(node: number): NodeSeat {
    const { program, networks, places, storage, token } = this.#options;
    const ports = Array.from({ length: program.addressesPerNode }, (_, index) => nodePort + index);
    const reached = (id: number) => (port: number) =>
      `${networks.addressOf(nameOf(id), port === nodePort ? 'client' : 'cluster')}:${port}`;
    return {
      node,
      listens: ports.map((port) => `0.0.0.0:${port}`),
      addresses: this.#numbers.map((id) => ports.map(reached(id))),
      dials: (peer) =>
        peer === node
          ? undefined
          : places.dialled({ from: nameOf(node), to: nameOf(peer) }, 'cluster'),
      storage: { ...storage.configOf(node), dataDirectory: dataTarget },
      directory: givenFolder,
      token,
    };
  }
}

/** So that the user of the containers may write there; where it is not our own, we are root. */
function giveTo(folder: string): void {
  if (process.getuid?.() !== 0) return;
  const [uid = 0, gid = 0] = containerUser().split(':').map(Number);
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    lchownSync(join(entry.parentPath, entry.name), uid, gid);
}
