import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ContainerStats } from 'dockerode';
import { saidBy } from '../cluster/docker/engine.ts';
import { limitContainer, limitsOf } from '../cluster/docker/limits.ts';
import { countersOf } from '../cluster/docker/usage.ts';
import type {
  ContainerCounters,
  ContainerEnding,
  ContainerLimits,
  ContainerLook,
} from '../cluster/node-container.ts';
import { monotonicNanos } from '../measure/clock.ts';

/** One life of a container, as far as it can be changed and looked at. */
export interface ContainerLife {
  readonly name: string;
  readonly exited: Promise<number>;
  readonly isOver: boolean;
  readonly ended: ContainerEnding | null;
}

/** What was asked of a container that was ending is refused before the engine tells of the end. */
const endMsMax = 3_000;
const noCounters: ContainerCounters = {
  atMs: 0,
  cpuSeconds: 0,
  throttledPeriods: 0,
  memoryBytes: 0,
  memoryRefusals: 0,
};

/** What can be done to a container and not to a process. All of it is done to one that lives. */
export class ContainerActs {
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  readonly #life: ContainerLife;
  /** As last seen. */
  #limits: ContainerLimits;

  constructor(
    docker: Docker,
    container: Docker.Container,
    life: ContainerLife,
    limits: ContainerLimits,
  ) {
    this.#docker = docker;
    this.#container = container;
    this.#life = life;
    this.#limits = limits;
  }

  limit(change: Partial<ContainerLimits>): Promise<number> {
    return this.#act('limited', async () => {
      await limitContainer(this.#container, change);
      this.#limits = { ...this.#limits, ...change };
    });
  }

  disconnect(network: string): Promise<number> {
    return this.#act(`taken off ${network}`, async () => {
      if (!(await this.#networks()).includes(network)) return;
      await this.#docker.getNetwork(network).disconnect({ Container: this.#container.id });
    });
  }

  connect(network: string, address: string): Promise<number> {
    return this.#act(`put on ${network}`, async () => {
      if ((await this.#networks()).includes(network)) return;
      await this.#docker.getNetwork(network).connect({
        Container: this.#container.id,
        EndpointConfig: { IPAMConfig: { IPv4Address: address } },
      });
    });
  }

  async look(): Promise<ContainerLook> {
    const seen = this.#life.isOver ? undefined : await this.#lookNow();
    if (seen !== undefined) return seen;
    const { ended: ending } = this.#life;
    return { limits: this.#limits, networks: [], counters: noCounters, ending };
  }

  /** Undefined when it has ended meanwhile. */
  async #lookNow(): Promise<ContainerLook | undefined> {
    try {
      const [{ State, HostConfig, NetworkSettings }, stats] = await Promise.all([
        this.#container.inspect(),
        this.#container.stats({ stream: false, 'one-shot': true }),
      ]);
      if (!State.Running) throw new Error('it does not run');
      this.#limits = limitsOf(HostConfig);
      const networks = Object.keys(NetworkSettings.Networks);
      return { limits: this.#limits, networks, counters: countersNow(stats), ending: null };
    } catch (error) {
      if (await this.#endsSoon()) return undefined;
      throw this.#refused('looked at', error);
    }
  }

  async #networks(): Promise<string[]> {
    return Object.keys((await this.#container.inspect()).NetworkSettings.Networks);
  }

  /** Of one that has ended nothing is left to change; one that ends by it has been changed. */
  async #act(what: string, act: () => Promise<void>): Promise<number> {
    if (this.#life.isOver) return monotonicNanos();
    try {
      await act();
      return monotonicNanos();
    } catch (error) {
      if (await this.#endsSoon()) return this.#life.exited;
      throw this.#refused(what, error);
    }
  }

  async #endsSoon(): Promise<boolean> {
    await Promise.race([this.#life.exited, sleep(endMsMax, undefined, { ref: false })]);
    return this.#life.isOver;
  }

  #refused(what: string, error: unknown): Error {
    const sentence = `the container of ${this.#life.name} cannot be ${what}: ${saidBy(error)}`;
    return new Error(sentence, { cause: error });
  }
}

function countersNow(told: unknown): ContainerCounters {
  const stats = told as ContainerStats;
  const { usage = 0, failcnt = 0 } = stats.memory_stats as { usage?: number; failcnt?: number };
  const { throttling_data } = stats.cpu_stats as Partial<ContainerStats['cpu_stats']>;
  const { cpuSeconds } = countersOf(stats);
  return {
    atMs: Date.parse(stats.read),
    cpuSeconds,
    throttledPeriods: throttling_data?.throttled_periods ?? 0,
    memoryBytes: usage,
    memoryRefusals: failcnt,
  };
}
