import { readFileSync } from 'node:fs';
import { HarnessError } from '../../errors.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { Engine } from './engine.ts';
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
  readonly #run: string;
  readonly #local: boolean;
  readonly #subnets = new Map<NetworkKind, Subnet>();
  readonly #sites: string[] = [];

  constructor({ local }: Pick<Engine, 'local'>, run: string) {
    this.#run = run;
    this.#local = local;
  }

  async create(supervisor: Pick<Supervisor, 'makeNetwork'>): Promise<void> {
    const kinds = ['client', 'cluster'] as const;
    await Promise.all(kinds.map((kind) => this.#create(kind, supervisor)));
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

  async #create(kind: NetworkKind, supervisor: Pick<Supervisor, 'makeNetwork'>): Promise<void> {
    for (let tries = 1; ; tries++) {
      const subnet = this.#free();
      try {
        const [name, internal] = [this.nameOf(kind), kind === 'cluster'];
        await supervisor.makeNetwork({ name, subnet, internal });
        this.#subnets.set(kind, subnet);
        return;
      } catch (cause) {
        const said = (cause as Error).message;
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
