import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import { HarnessError } from '../../errors.ts';
import { saidBy, type Engine } from './engine.ts';
import { runLabel } from './labels.ts';
import { drawSubnet, isRouted, type Subnet } from './subnet.ts';

export type NetworkKind = 'client' | 'cluster';

const triesMax = 20;
const firstAddress = 10;
const lastAddress = 250;

/**
 * The two networks of a run: `client`, over which load comes and ports are published, and `cluster`
 * between the nodes alone, from which nobody else can be reached. Every site has one address on
 * each, the same over all its lives: names would have to be looked up, and a name whose container
 * is gone is looked for elsewhere for seconds.
 */
export class RunNetworks {
  readonly #docker: Docker;
  readonly #run: string;
  readonly #local: boolean;
  readonly #subnets = new Map<NetworkKind, Subnet>();
  readonly #sites: string[] = [];

  constructor({ docker, local }: Engine, run: string) {
    this.#docker = docker;
    this.#run = run;
    this.#local = local;
  }

  async create(): Promise<void> {
    await Promise.all((['client', 'cluster'] as const).map((kind) => this.#create(kind)));
  }

  /** Of the names of all that the engine holds of the run. */
  get prefix(): string {
    return `ackworth-${this.#run}`;
  }

  nameOf(kind: NetworkKind): string {
    return `${this.prefix}-${kind}`;
  }

  addressOf(site: string, kind: NetworkKind): string {
    let index = this.#sites.indexOf(site);
    if (index < 0) index = this.#sites.push(site) - 1;
    const last = firstAddress + index;
    if (last > lastAddress) {
      const most = lastAddress - firstAddress + 1;
      throw new HarnessError('cluster', `a run on Docker has at most ${most} nodes and workers`);
    }
    return `${this.#subnets.get(kind)}.${last}`;
  }

  async #create(kind: NetworkKind): Promise<void> {
    for (let tries = 1; ; tries++) {
      const subnet = this.#free();
      try {
        await this.#docker.createNetwork({
          Name: this.nameOf(kind),
          Driver: 'bridge',
          Internal: kind === 'cluster',
          Labels: { [runLabel]: this.#run },
          IPAM: {
            Driver: 'default',
            Config: [{ Subnet: `${subnet}.0/24`, Gateway: `${subnet}.1` }],
          },
        });
        this.#subnets.set(kind, subnet);
        return;
      } catch (cause) {
        const said = saidBy(cause);
        // Another network has it, of this run or of another.
        if (/overlap/i.test(said) && tries < triesMax) continue;
        const sentence = `the network "${kind}" of the run cannot be made: ${said}`;
        throw new HarnessError('environment', sentence, { cause });
      }
    }
  }

  #free(): Subnet {
    const routes = this.#local ? readFileSync('/proc/net/route', 'utf8') : '';
    for (;;) {
      const subnet = drawSubnet(Math.random);
      if (!isRouted(subnet, routes)) return subnet;
    }
  }
}
