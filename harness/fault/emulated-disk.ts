import type { DiskAccount, EmulatedDisk, Misbehaviour } from '../cluster/node-storage.ts';
import type { Proof, Victim } from './fault.ts';
import { within } from './patience.ts';

const takenOnMsMax = 5_000;

/**
 * Resolves once the disk does as it is asked: when its node's process has taken it on, or at once
 * where none runs, since one that starts takes it on before all else.
 */
export async function takeOn(
  victim: Pick<Victim, 'name' | 'state'>,
  disk: EmulatedDisk,
  change: Partial<Misbehaviour>,
): Promise<void> {
  const request = await disk.misbehave(change);
  const taken = await within(takenOnMsMax, async () => {
    if ((await disk.account()).request === request) return true;
    return (await victim.state()) === 'running' ? undefined : true;
  });
  if (taken === undefined)
    throw new Error(`the disk of ${victim.name} did not take on a fault within ${takenOnMsMax} ms`);
}

/** That what a disk counts has grown, which takes something to be written or synced meanwhile. */
export async function proveCounted(
  victim: Pick<Victim, 'state'>,
  disk: EmulatedDisk,
  patienceMs: number,
  evidence: (now: DiskAccount) => string | undefined,
  otherwise: string,
): Promise<Proof> {
  const found = await within(patienceMs, async () => {
    await victim.state();
    return evidence(await disk.account());
  });
  return found === undefined
    ? { result: 'mismatch', evidence: `${otherwise} within ${patienceMs} ms` }
    : { result: 'confirmed', evidence: `${found} (emulated)` };
}

/** That what a disk counts grows no longer. */
export async function proveQuiet(
  disk: EmulatedDisk,
  quietMs: number,
  count: (now: DiskAccount) => number,
  what: string,
): Promise<Proof> {
  const before = count(await disk.account());
  const more = await within(quietMs, async () => {
    const grown = count(await disk.account()) - before;
    return grown > 0 ? grown : undefined;
  });
  return more === undefined
    ? { result: 'confirmed', evidence: `${what} no more for ${quietMs} ms (emulated)` }
    : { result: 'mismatch', evidence: `${what} still: ${more} more` };
}
