import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from '../../driver/driver.ts';
import type { ProcessIdentity } from '../../supervisor/process-table.ts';
import type { ClusterParts } from '../cluster-parts.ts';
import type { Links, Site } from '../links.ts';
import { ProxiedNetwork, proxiesName } from '../network/proxied-network.ts';
import { proxyProcess } from '../network/proxy-process.ts';
import type { NodeHost } from '../node-host.ts';
import type { NodeDisk } from '../node-storage.ts';
import { nameOf, SupervisedCluster } from '../supervised-cluster.ts';
import { freePorts } from './free-ports.ts';

export interface ProcessClusterOptions extends ClusterParts {
  /** All nodes and clients, when every link between them is to go through proxies. */
  readonly proxied?: readonly Site[];
}

/** Nodes of a broker as child processes on loopback. */
export class ProcessCluster extends SupervisedCluster {
  constructor(options: ProcessClusterOptions) {
    super(new ProcessHost(options), options);
  }
}

/** Ports are chosen once and kept over restarts, as is where the data are. */
class ProcessHost implements NodeHost {
  readonly housing = 'process';
  readonly nodes: number;
  readonly #options: ProcessClusterOptions;
  /** Of each node, all that it listens at; the first is the clients'. */
  #bound: readonly (readonly string[])[] = [];
  #network: ProxiedNetwork | undefined;
  #closing = false;

  constructor(options: ProcessClusterOptions) {
    this.#options = options;
    this.nodes = options.nodes;
    mkdirSync(options.logDirectory, { recursive: true });
  }

  async prepare(): Promise<void> {
    const { supervisor, proxied, logDirectory, storage } = this.#options;
    await Promise.all(this.#numbers.map((node) => storage.prepare(node)));
    if (proxied !== undefined) {
      const home = proxyProcess({ supervisor, directory: logDirectory });
      this.#network = await ProxiedNetwork.start(proxied, home);
    }
  }

  async chooseAddresses(): Promise<void> {
    const each = this.#options.program.addressesPerNode;
    const ports = await freePorts(this.nodes * each);
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    this.#bound = this.#numbers.map((node) => addresses.slice((node - 1) * each, node * each));
    const byName = new Map(this.addresses.map((address, index) => [nameOf(index + 1), address]));
    await this.#network?.setTargets(({ to }) => byName.get(to) ?? '');
  }

  get addresses(): readonly string[] {
    return this.#bound.map(([address = '']) => address);
  }

  async spawn(node: number): Promise<ProcessIdentity> {
    const { supervisor, program, storage, logDirectory, token } = this.#options;
    const { files, ...command } = program.command({
      node,
      listens: this.#bound[node - 1] ?? [],
      addresses: this.#bound,
      dials: (peer) => this.#peerAddress(node, peer),
      storage: storage.configOf(node),
      directory: logDirectory,
      token,
    });
    for (const file of files)
      writeFileSync(join(logDirectory, file.name), file.text, { mode: 0o600 });
    const name = nameOf(node);
    const logFile = this.logFile(node);
    const { process: identity } = await supervisor.spawn({ name, ...command, logFile });
    return identity;
  }

  logFile(node: number): string {
    return join(this.#options.logDirectory, `${nameOf(node)}.log`);
  }

  target(topic: string, client?: string): Target {
    const { token } = this.#options;
    const network = this.#network;
    const addresses =
      network === undefined || client === undefined
        ? this.addresses
        : this.addresses.map((_, index) =>
            network.addressOf({ from: client, to: nameOf(index + 1) }),
          );
    return { addresses, token, topic };
  }

  get links(): Links | undefined {
    return this.#network;
  }

  disk(node: number): NodeDisk {
    return this.#options.storage.disk(node);
  }

  exited(name: string, how: string): string | undefined {
    if (name !== proxiesName || this.#closing) return undefined;
    return `the process that carries the network of the run ended by itself (${how})`;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#network?.close();
    if (this.#network) await this.#options.supervisor.kill(proxiesName);
    await this.#options.storage.close();
  }

  get #numbers(): number[] {
    return Array.from({ length: this.nodes }, (_, index) => index + 1);
  }

  /** Where `node` dials `peer`, if that is not where the peer listens. */
  #peerAddress(node: number, peer: number): string | undefined {
    if (this.#network === undefined || peer === node) return undefined;
    return this.#network.addressOf({ from: nameOf(node), to: nameOf(peer) });
  }
}
