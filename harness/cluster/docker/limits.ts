import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ContainerStats } from 'dockerode';
import type { ContainerLimits } from '../node-container.ts';
import { saidBy } from './engine.ts';

type Limiting = Pick<
  Docker.HostConfig,
  'Memory' | 'MemorySwap' | 'CpuPeriod' | 'CpuQuota' | 'NanoCpus'
>;

const cpuPeriodMicros = 100_000;
/** For the engine: as many as there are. What is 0 or left out of an update stays as it is. */
const allCpus = -1;
/** The same of memory, for which an engine takes no such word: more than any machine has. */
const allMemory = 2 ** 50;

/** Memory is given back within this, or it is not given back. */
const squeezeMsMax = 5_000;
const squeezePauseMs = 20;

/** For the start of a container. */
export function limitsAtStart({ memoryBytes, cpus }: ContainerLimits): Limiting {
  return {
    ...(memoryBytes !== null && memoryOf(memoryBytes)),
    ...(cpus !== null && cpusOf(cpus)),
  };
}

/** As the engine tells of a container. */
export function limitsOf(config: Limiting): ContainerLimits {
  const { Memory: memory = 0, CpuQuota: quota = 0, CpuPeriod, NanoCpus: nano = 0 } = config;
  const period = CpuPeriod || cpuPeriodMicros;
  return {
    memoryBytes: memory > 0 && memory < allMemory ? memory : null,
    cpus: nano > 0 ? nano / 1e9 : quota > 0 ? quota / period : null,
  };
}

/**
 * Changes the limits of a container that runs; what is left out stays as it is. Resolves once they
 * are in force.
 *
 * A kernel with control groups of version 2 takes a memory limit below what is in use, and kills.
 * One with version 1 refuses it. There the limit is lowered as far as it goes, and again when
 * something was given back, so that whoever asks for more meanwhile is killed as well.
 */
export async function limitContainer(
  container: Docker.Container,
  change: Partial<ContainerLimits>,
): Promise<void> {
  const { memoryBytes, cpus } = change;
  const wanted: Limiting = {
    ...(memoryBytes !== undefined && memoryOf(memoryBytes)),
    ...(cpus !== undefined && cpusOf(cpus)),
  };
  const deadline = performance.now() + squeezeMsMax;
  for (;;) {
    try {
      await container.update(wanted);
      return;
    } catch (error) {
      if (!isInUse(error) || performance.now() > deadline) throw error;
    }
    await squeeze(container);
    await sleep(squeezePauseMs);
  }
}

/** Lowers the limit to what is in use. */
async function squeeze(container: Docker.Container): Promise<void> {
  const { memory_stats } = (await container.stats({
    stream: false,
    'one-shot': true,
  })) as ContainerStats;
  const { usage } = memory_stats as { usage?: number };
  if (usage === undefined) return;
  try {
    await container.update(memoryOf(usage));
  } catch (error) {
    // It has grown meanwhile.
    if (!isInUse(error)) throw error;
  }
}

/** As the kernel says it, and as the engine's runtime puts it. */
function isInUse(error: unknown): boolean {
  return /device or resource busy|current usage/i.test(saidBy(error));
}

/** The second is that of memory and swap together: a limit is one without any swap. */
function memoryOf(bytes: number | null): Limiting {
  if (bytes === null) return { Memory: allMemory, MemorySwap: 2 * allMemory };
  return { Memory: bytes, MemorySwap: bytes };
}

function cpusOf(cpus: number | null): Limiting {
  if (cpus === null) return { CpuQuota: allCpus };
  return { CpuPeriod: cpuPeriodMicros, CpuQuota: Math.round(cpus * cpuPeriodMicros) };
}
