import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { Link, Links, Site } from '../links.ts';
import { ProxiedNetwork } from '../network/proxied-network.ts';
import type { ContainerSpec } from './container-spec.ts';
import type { BuiltImage, ProgramImage } from './image/image.ts';
import { gateName } from './links/gate-name.ts';
import { Gates } from './links/gates.ts';
import { networkOf } from './links/network-of.ts';
import { proxyContainer } from './links/proxy-container.ts';
import type { NetworkKind, RunNetworks } from './networks.ts';

/** In a container of its own; published on loopback where it is dialled from this machine. */
export const nodePort = 7070;
export const workerPort = 7000;

export interface PlacesOptions {
  readonly supervisor: Supervisor;
  readonly networks: RunNetworks;
  readonly logDirectory: string;
  /** At which nodes are dialled by their peers. */
  readonly peerPort: number;
  /** Where links are to be cut: all nodes and clients, and what their gates are made from. */
  readonly gated?: {
    readonly sites: readonly Site[];
    readonly image: BuiltImage & { readonly main: string };
  };
  /** Where links are to be shaped as well: the same, and what the proxies are made from. */
  readonly proxied?: { readonly sites: readonly Site[]; readonly image: ProgramImage };
}

/**
 * The places of nodes and workers on the networks of a run: their own, or where links are to be
 * cut, those of their gates, which stay when a node dies. Where links are to be shaped they dial
 * each other through proxies.
 */
export class Places {
  readonly #options: PlacesOptions;
  #gates: Gates | undefined;
  #proxies: ProxiedNetwork | undefined;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Makes the networks, and starts the gates or the proxies. */
  async prepare(): Promise<void> {
    const { supervisor, networks, logDirectory, gated, proxied } = this.#options;
    await networks.create(supervisor);
    const parts = { supervisor, networks, logDirectory };
    if (gated !== undefined) {
      const portOf = ({ kind }: Site): number => (kind === 'node' ? nodePort : workerPort);
      this.#gates = await Gates.start({ ...parts, portOf, ...gated });
    }
    if (proxied !== undefined) {
      const { sites } = proxied;
      this.#proxies = await ProxiedNetwork.start(sites, proxyContainer({ ...parts, ...proxied }));
      await this.#proxies.setTargets((link) => this.#addressOn(networkOf(sites, link), link.to));
    }
  }

  get links(): Links | undefined {
    return this.#gates?.links ?? this.#proxies;
  }

  /** Where the one dials the other, which is a node, on this network. */
  dialled(link: Link, kind: NetworkKind): string {
    return this.#proxies?.addressOf(link) ?? this.#addressOn(kind, link.to);
  }

  /** What a container of this site is to be started with; its port goes to `host`, 0 = any. */
  of(
    site: string,
    kind: Site['kind'],
    host: number,
  ): Pick<ContainerSpec, 'within' | 'networks' | 'ports'> {
    if (this.#gates !== undefined) return { within: gateName(site), networks: [], ports: [] };
    const { networks } = this.#options;
    const on = (network: 'client' | 'cluster') => ({
      name: networks.nameOf(network),
      address: networks.addressOf(site, network),
    });
    return kind === 'node'
      ? { networks: [on('client'), on('cluster')], ports: [{ container: nodePort, host }] }
      : { networks: [on('client')], ports: [{ container: workerPort, host }] };
  }

  /** The container that the network of a site belongs to. */
  ownerOf(site: string): string {
    return this.#gates === undefined ? site : gateName(site);
  }

  /** Where the port of a site is published by its gate; undefined where the site does it itself. */
  publishedOf(site: string): number | undefined {
    return this.#gates?.publishedOf(site);
  }

  close(): void {
    this.#gates?.links.close();
    this.#proxies?.close();
  }

  #addressOn(kind: NetworkKind, node: string): string {
    const { networks, peerPort } = this.#options;
    return `${networks.addressOf(node, kind)}:${kind === 'cluster' ? peerPort : nodePort}`;
  }
}
