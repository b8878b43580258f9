import {
  noLimits,
  type ContainerCounters,
  type ContainerEnding,
  type ContainerLimits,
  type NodeContainer,
  type NodeLook,
  type NodeNetwork,
} from '../../cluster/node-container.ts';

/** A container that is at once as it is asked to be; its counters grow as a test has them grow. */
export class FakeContainer implements NodeContainer {
  readonly planned: ContainerLimits;
  limits: ContainerLimits;
  networks: NodeNetwork[] = ['client', 'cluster'];
  ending: ContainerEnding | null = null;
  /** What it answers over the network between nodes, where it is on it. */
  peersHear: boolean | undefined = true;
  /** It does not do what it is asked. */
  deaf = false;
  /** Called before each look, which is half a second after the last. */
  beforeLook = (): void => undefined;
  counters: ContainerCounters = {
    atMs: 0,
    cpuSeconds: 0,
    throttledPeriods: 0,
    memoryBytes: 0,
    memoryRefusals: 0,
  };

  constructor(planned: Partial<ContainerLimits> = {}) {
    this.planned = { ...noLimits, ...planned };
    this.limits = this.planned;
  }

  count(more: Partial<ContainerCounters>): void {
    this.counters = { ...this.counters, ...more };
  }

  limit(change: Partial<ContainerLimits>): Promise<number> {
    if (!this.deaf) this.limits = { ...this.limits, ...change };
    return Promise.resolve(7);
  }

  disconnect(): Promise<number> {
    if (!this.deaf) this.networks = ['client'];
    return Promise.resolve(7);
  }

  reconnect(): Promise<number> {
    if (!this.deaf) this.networks = ['client', 'cluster'];
    return Promise.resolve(8);
  }

  look(): Promise<NodeLook> {
    this.counters = { ...this.counters, atMs: this.counters.atMs + 500 };
    this.beforeLook();
    const { limits, networks, counters, ending } = this;
    return Promise.resolve({ limits, networks, counters, ending });
  }

  answersPeers(): Promise<boolean | undefined> {
    const { peersHear } = this;
    return Promise.resolve(peersHear && this.networks.includes('cluster'));
  }
}
