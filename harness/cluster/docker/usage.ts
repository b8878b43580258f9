import type { ContainerStats } from 'dockerode';
import { noLimits, type ContainerLimits } from '../node-container.ts';
import type { SiteUsage } from '../site-usage.ts';

type Counters = Omit<SiteUsage, 'site' | 'samples' | 'limits'>;

/** Adds up what containers used, from counters that begin anew with each. */
export class UsageSum {
  readonly #containers = new Map<string, Map<string, Counters>>();
  readonly #samples = new Map<string, number>();
  readonly #limits = new Map<string, ContainerLimits>();

  /** Of a container of the site; those of its first one are told. */
  limited(site: string, limits: ContainerLimits): void {
    if (!this.#limits.has(site)) this.#limits.set(site, limits);
  }

  add(site: string, container: string, counters: Counters): void {
    const lives = this.#containers.get(site) ?? new Map<string, Counters>();
    const before = lives.get(container);
    const memoryBytesMax = Math.max(before?.memoryBytesMax ?? 0, counters.memoryBytesMax);
    // A container that is about to end is told of without its counters.
    const latest = counters.cpuSeconds >= (before?.cpuSeconds ?? 0) ? counters : before!;
    lives.set(container, { ...latest, memoryBytesMax });
    this.#containers.set(site, lives);
    this.#samples.set(site, (this.#samples.get(site) ?? 0) + 1);
  }

  sites(): SiteUsage[] {
    return [...this.#containers]
      .map(([site, lives]) => ({
        site,
        ...sumOf([...lives.values()]),
        limits: this.#limits.get(site) ?? noLimits,
        samples: this.#samples.get(site) ?? 0,
      }))
      .toSorted((a, b) => (a.site < b.site ? -1 : 1));
  }
}

function sumOf(lives: readonly Counters[]): Counters {
  const networks = lives.flatMap(({ network }) => network ?? []);
  const blocks = lives.flatMap(({ block }) => block ?? []);
  return {
    cpuSeconds: total(lives.map(({ cpuSeconds }) => cpuSeconds)),
    memoryBytesMax: Math.max(...lives.map(({ memoryBytesMax }) => memoryBytesMax)),
    network:
      networks.length === 0
        ? null
        : {
            receivedBytes: total(networks.map(({ receivedBytes }) => receivedBytes)),
            sentBytes: total(networks.map(({ sentBytes }) => sentBytes)),
          },
    block:
      blocks.length === 0
        ? null
        : {
            readBytes: total(blocks.map(({ readBytes }) => readBytes)),
            writtenBytes: total(blocks.map(({ writtenBytes }) => writtenBytes)),
          },
  };
}

/** From one answer of the engine. Memory is what cannot be given back: the page cache is left out. */
export function countersOf(stats: ContainerStats): Counters {
  const { usage = 0, stats: memory } = stats.memory_stats as {
    usage?: number;
    stats?: { inactive_file?: number; total_inactive_file?: number };
  };
  const cache = memory?.total_inactive_file ?? memory?.inactive_file ?? 0;
  const networks = Object.values(stats.networks ?? {});
  const blocks = stats.blkio_stats?.io_service_bytes_recursive ?? [];
  const blockBytes = (op: string): number =>
    total(blocks.filter((one) => one.op.toLowerCase() === op).map(({ value }) => value));
  return {
    cpuSeconds: stats.cpu_stats.cpu_usage.total_usage / 1e9,
    memoryBytesMax: Math.max(0, usage - cache),
    network:
      networks.length === 0
        ? null
        : {
            receivedBytes: total(networks.map(({ rx_bytes }) => rx_bytes)),
            sentBytes: total(networks.map(({ tx_bytes }) => tx_bytes)),
          },
    block:
      blocks.length === 0
        ? null
        : { readBytes: blockBytes('read'), writtenBytes: blockBytes('write') },
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
