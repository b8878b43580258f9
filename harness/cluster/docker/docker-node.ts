import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { NodeProgram } from '../node-program.ts';
import type { ContainerLimits, NodeContainer, NodeLook, NodeNetwork } from '../node-container.ts';
import type { ContainerSpec } from './container-spec.ts';
import type { RunNetworks } from './networks.ts';
import { nodePort, type Places } from './places.ts';

export interface DockerNodeOptions {
  readonly supervisor: Supervisor;
  readonly networks: RunNetworks;
  readonly places: Places;
  readonly program: Pick<NodeProgram, 'ask'>;
  readonly token: string;
  /** The supervisor's name for it: `node-1`. */
  readonly name: string;
  readonly planned: ContainerLimits;
  /** This machine is on the networks, too. */
  readonly local: boolean;
}

const answerMsMax = 500;
const kinds: readonly NodeNetwork[] = ['client', 'cluster'];

/** What holds for the container of a node, over all its lives. */
export class DockerNode implements NodeContainer {
  readonly planned: ContainerLimits;
  readonly #options: DockerNodeOptions;
  #limits: ContainerLimits;
  #apart = false;

  constructor(options: DockerNodeOptions) {
    this.#options = options;
    this.planned = options.planned;
    this.#limits = options.planned;
  }

  /** What its next life is to be started with; its port goes to `host`. */
  specOfLife(host: number): Pick<ContainerSpec, 'within' | 'networks' | 'ports' | 'limits'> {
    const { places, networks, name } = this.#options;
    const place = places.of(name, 'node', host);
    const cluster = networks.nameOf('cluster');
    const on = place.networks.filter((network) => !this.#apart || network.name !== cluster);
    return { ...place, networks: on, limits: this.#limits };
  }

  limit(change: Partial<ContainerLimits>): Promise<number> {
    this.#limits = { ...this.#limits, ...change };
    return this.#options.supervisor.limit(this.#options.name, change);
  }

  disconnect(): Promise<number> {
    const { supervisor, networks } = this.#options;
    this.#apart = true;
    return supervisor.disconnect(this.#owner, networks.nameOf('cluster'));
  }

  reconnect(): Promise<number> {
    const { supervisor, networks, name } = this.#options;
    this.#apart = false;
    const address = networks.addressOf(name, 'cluster');
    return supervisor.connect(this.#owner, networks.nameOf('cluster'), address);
  }

  async look(): Promise<NodeLook> {
    const { supervisor, networks, name } = this.#options;
    const look = await supervisor.look(name);
    const owner = this.#owner === name ? look : await supervisor.look(this.#owner);
    const on = kinds.filter((kind) => owner.networks.includes(networks.nameOf(kind)));
    return { ...look, networks: on };
  }

  async answersPeers(): Promise<boolean | undefined> {
    const { networks, name, local, program, token } = this.#options;
    if (!local) return undefined;
    const address = `${networks.addressOf(name, 'cluster')}:${nodePort}`;
    return (await program.ask(address, { token, timeoutMs: answerMsMax })) !== undefined;
  }

  /** Whose container the interfaces of the node belong to. */
  get #owner(): string {
    return this.#options.places.ownerOf(this.#options.name);
  }
}
