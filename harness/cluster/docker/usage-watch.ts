import type { ContainerStats } from 'dockerode';
import type Docker from 'dockerode';
import type { SiteUsage } from '../site-usage.ts';
import { nameLabel, ofRun } from './labels.ts';
import { siteOfGateName } from './links/gate-name.ts';
import { limitsOf } from './limits.ts';
import { countersOf, UsageSum } from './usage.ts';

const everyMs = 2_000;

/** Looks at what the containers of a run use, for as long as it is watched. */
export class UsageWatch {
  readonly #docker: Docker;
  readonly #run: string;
  readonly #sum = new UsageSum();
  readonly #seen = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  /** While it looks: whether it was told anything. */
  #looking: Promise<boolean> | undefined;

  constructor(docker: Docker, run: string) {
    this.#docker = docker;
    this.#run = run;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    }, everyMs);
    this.#timer.unref();
  }

  /** Looks once more, where anything is told. */
  async stop(): Promise<readonly SiteUsage[]> {
    if (this.#timer === undefined) return [];
    clearInterval(this.#timer);
    if ((await this.#looking) ?? true) await this.#look();
    return this.#sum.sites();
  }

  async #look(): Promise<boolean> {
    try {
      const containers = await this.#docker.listContainers({ filters: ofRun(this.#run) });
      // One that ends meanwhile does not take the last word of the others.
      await Promise.allSettled(
        containers.map(({ Id, Labels }) => this.#lookAt(Id, Labels[nameLabel] ?? Id)),
      );
      return true;
    } catch {
      // One look less: how many there were is told.
      return false;
    }
  }

  async #lookAt(id: string, name: string): Promise<void> {
    const asked = { stream: false, 'one-shot': true } as const;
    const container = this.#docker.getContainer(id);
    const gated = siteOfGateName(name);
    if (gated === undefined && !this.#seen.has(id)) {
      this.#sum.limited(name, limitsOf((await container.inspect()).HostConfig));
      this.#seen.add(id);
    }
    const stats = (await container.stats(asked)) as ContainerStats;
    const counters = countersOf(stats);
    if (gated === undefined) this.#sum.add(name, id, counters);
    // A gate has the network of its site, and the rest is not the site's.
    else this.#sum.add(gated, id, { ...counters, cpuSeconds: 0, memoryBytesMax: 0, block: null });
  }
}
