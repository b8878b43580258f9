import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { EmulatedDisk } from '../cluster/node-storage.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { proveCounted, proveQuiet, takeOn } from './emulated-disk.ts';
import type { Victim } from './fault.ts';
import { proveUp } from './observe.ts';
import { noDiskFor, onDisks, type DiskTrouble } from './on-disks.ts';
import { joinProofs } from './on-each.ts';
import { counted } from '../record/count.ts';

const options = z.strictObject({
  /** Added to each write, read and sync. */
  delayMs: z.number().positive().max(10_000).default(20),
});

/** What is under way when the disk is fast again may take as long as it was to. */
const quietMs = 500;
const slowedMsMax = 5_000;

/** Each operation takes longer; nothing fails. Only the emulated disk can be made to. */
export const slowDisk = onDisks({
  kind: 'slow-disk',
  description: 'each write, read and sync of the node takes longer',
  options,
  storage: ['emulated'],
  trouble(victim, { options: { delayMs } }) {
    const { disk } = victim;
    if (disk?.form !== 'emulated') throw noDiskFor('slow-disk', victim);
    return slowness(victim, disk, delayMs);
  },
});

function slowness(victim: Victim, disk: EmulatedDisk, delayMs: number): DiskTrouble {
  let before = { operationsSlowed: 0, millisSlowed: 0 };
  return {
    async begin() {
      before = await disk.account();
      await takeOn(victim, disk, { slowMs: delayMs });
      return monotonicNanos();
    },
    async end() {
      await takeOn(victim, disk, { slowMs: 0 });
      return await victim.start();
    },
    async prove(expected) {
      if (expected === 'healed') {
        await sleep(delayMs);
        const slowed = 'operations were slowed';
        const quiet = await proveQuiet(disk, quietMs, (now) => now.operationsSlowed, slowed);
        return joinProofs([await proveUp(victim, 15_000), quiet]);
      }
      return await proveCounted(
        victim,
        disk,
        slowedMsMax + delayMs,
        ({ operationsSlowed, millisSlowed }) => {
          const operations = operationsSlowed - before.operationsSlowed;
          const eachMs = (millisSlowed - before.millisSlowed) / operations;
          // A timer may fire up to a millisecond early.
          if (operations === 0 || eachMs < delayMs - 1) return undefined;
          const took = `took ${eachMs.toFixed(1)} ms longer`;
          return `${counted(operations, 'operation')} of the disk of ${victim.name} ${took}`;
        },
        `no operation of the disk of ${victim.name} took ${delayMs} ms longer`,
      );
    },
  };
}
