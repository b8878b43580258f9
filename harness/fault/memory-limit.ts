import { z } from 'zod';
import type { ContainerEnding, NodeContainer, NodeLook } from '../cluster/node-container.ts';
import { containerMemory } from '../scenario/schema.ts';
import type { Proof, Victim } from './fault.ts';
import { proveDown, proveUp } from './observe.ts';
import { onContainers } from './on-containers.ts';
import { joinProofs } from './on-each.ts';
import { within } from './patience.ts';
import type { Trouble } from './troubles.ts';

const options = z.strictObject({ bytes: containerMemory });

const patienceMs = 15_000;
/** A node that works writes, and what it has written is in its memory, too. */
const filledMsMax = 5_000;
const filledShare = 0.95;
const mebibyte = 1024 ** 2;

/**
 * The node may use no more memory than this: first the kernel takes its page cache away, then its
 * life. A kill for want of memory is told as such, whenever it comes.
 */
export const memoryLimit = onContainers({
  kind: 'memory-limit',
  description: 'may use only so much memory, and is killed where it needs more (containers)',
  options,
  trouble: (victim, container, { bytes }) => shortage(victim, container, bytes),
});

function shortage(victim: Victim, container: NodeContainer, bytes: number): Trouble {
  const { memoryBytes: planned } = container.planned;
  let refusalsBefore = 0;
  let ending: ContainerEnding | null = null;
  return {
    async begin() {
      refusalsBefore = (await container.look()).counters.memoryRefusals;
      victim.trial?.excuse();
      return await container.limit({ memoryBytes: bytes });
    },
    async end() {
      await container.limit({ memoryBytes: planned });
      ({ ending } = await container.look());
      return await victim.start();
    },
    async prove(expected) {
      if (expected === 'injected')
        return await proveShort(victim, container, { bytes, refusalsBefore });
      return joinProofs([
        ...(ending === null ? [] : [endingProof(victim, ending)]),
        givenBack(victim, await container.look(), planned),
        await proveUp(victim, patienceMs),
      ]);
    },
  };
}

/**
 * The kernel killed it, or holds it to the limit: it has used it up, or was refused more. One that
 * needs less is not short of anything.
 */
async function proveShort(
  victim: Victim,
  container: NodeContainer,
  { bytes, refusalsBefore }: { readonly bytes: number; readonly refusalsBefore: number },
): Promise<Proof> {
  let look = await container.look();
  const short = await within(filledMsMax, async () => {
    look = await container.look();
    const { counters, ending } = look;
    const filled = counters.memoryBytes >= bytes * filledShare;
    return ending !== null || filled || counters.memoryRefusals > refusalsBefore || undefined;
  });
  const { limits, counters, ending } = look;
  if (ending !== null)
    return joinProofs([endingProof(victim, ending), await proveDown(victim, 'stopped')]);
  const evidence =
    `the engine gives ${victim.name} ${memoryText(limits.memoryBytes)}, of which it uses ` +
    `${memoryText(counters.memoryBytes)}; it was refused more ` +
    `${counters.memoryRefusals - refusalsBefore} times`;
  if (limits.memoryBytes !== bytes) return { result: 'mismatch', evidence };
  return { result: short ? 'confirmed' : 'inconclusive', evidence };
}

/** Any other end is not what this fault is for. */
function endingProof({ name }: Victim, { how, outOfMemory }: ContainerEnding): Proof {
  return outOfMemory
    ? { result: 'confirmed', evidence: `${name} was killed by the kernel (${how})` }
    : { result: 'mismatch', evidence: `${name} ended, and not for want of memory (${how})` };
}

function givenBack({ name }: Victim, { limits }: NodeLook, planned: number | null): Proof {
  const evidence = `the engine gives ${name} ${memoryText(limits.memoryBytes)}`;
  return { result: limits.memoryBytes === planned ? 'confirmed' : 'mismatch', evidence };
}

function memoryText(bytes: number | null): string {
  return bytes === null ? 'all memory' : `${(bytes / mebibyte).toFixed(1)} MiB`;
}
