import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { NodeContainer } from '../cluster/node-container.ts';
import { containerCpus } from '../scenario/schema.ts';
import type { Proof, Victim } from './fault.ts';
import { proveUp } from './observe.ts';
import { onContainers } from './on-containers.ts';
import { joinProofs } from './on-each.ts';
import { within } from './patience.ts';

const options = z.strictObject({
  /** 0.5 = half of one processor. */
  cpus: containerCpus.default(0.1),
});

const patienceMs = 15_000;
/** Long enough that what may be used in a period of the kernel's is used evenly. */
const measuredMs = 1_000;
const heldBackMsMax = 5_000;
const quietMs = 500;
/** A period may begin before the look and end after it. */
const tolerance = 1.3;

/** The node may use only a part of a processor, and then waits: alive, and too slow. */
export const cpuLimit = onContainers({
  kind: 'cpu-limit',
  description: 'may use only a part of a processor (containers)',
  options,
  trouble: (victim, container, { cpus }) => ({
    begin: () => container.limit({ cpus }),
    async end() {
      const { cpus: planned } = container.planned;
      return await container.limit({ cpus: planned });
    },
    prove: (expected) =>
      expected === 'injected'
        ? proveStarved(victim, container, cpus)
        : proveFree(victim, container),
  }),
});

/**
 * The engine says so, the kernel held it back, and it used no more than it might. One that needs
 * less than that is not starved by it.
 */
async function proveStarved(
  victim: Victim,
  container: NodeContainer,
  cpus: number,
): Promise<Proof> {
  let look = await container.look();
  const { counters: before } = look;
  await sleep(measuredMs);
  const starved = await within(heldBackMsMax, async () => {
    look = await container.look();
    return look.counters.throttledPeriods > before.throttledPeriods || undefined;
  });
  const { limits, ending, counters: now } = look;
  if (ending !== null)
    return { result: 'mismatch', evidence: `${victim.name} ended (${ending.how})` };
  const seconds = (now.atMs - before.atMs) / 1000;
  const used = (now.cpuSeconds - before.cpuSeconds) / seconds;
  const periods = now.throttledPeriods - before.throttledPeriods;
  const evidence =
    `the engine gives ${victim.name} ${cpusText(limits.cpus)}; it used ` +
    `${used.toFixed(3)} and was held back in ${periods} periods within ${seconds.toFixed(1)} s`;
  if (limits.cpus !== cpus || used > cpus * tolerance) return { result: 'mismatch', evidence };
  return { result: starved === undefined ? 'inconclusive' : 'confirmed', evidence };
}

/** It has what it had; where that is everything, it is held back no more. */
async function proveFree(victim: Victim, container: NodeContainer): Promise<Proof> {
  const { counters: before } = await container.look();
  await sleep(quietMs);
  const { limits, counters } = await container.look();
  const { cpus } = container.planned;
  const periods = counters.throttledPeriods - before.throttledPeriods;
  const free = limits.cpus === cpus && (cpus !== null || periods === 0);
  const evidence =
    `the engine gives ${victim.name} ${cpusText(limits.cpus)}; it was held back in ` +
    `${periods} periods within ${quietMs} ms`;
  const given: Proof = { result: free ? 'confirmed' : 'mismatch', evidence };
  return joinProofs([given, await proveUp(victim, patienceMs)]);
}

function cpusText(cpus: number | null): string {
  return cpus === null ? 'all processors' : `${cpus} of a processor`;
}
