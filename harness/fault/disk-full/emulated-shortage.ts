import type { EmulatedDisk } from '../../cluster/node-storage.ts';
import { monotonicNanos } from '../../measure/clock.ts';
import { proveCounted, proveQuiet, takeOn } from '../emulated-disk.ts';
import type { Victim } from '../fault.ts';
import { proveUp } from '../observe.ts';
import type { DiskTrouble } from '../on-disks.ts';
import { joinProofs } from '../on-each.ts';
import { counted } from '../../record/count.ts';

const refusedMsMax = 5_000;
const quietMs = 1_000;

/** The disk refuses to make files and to let them grow. */
export function emulatedShortage(victim: Victim, disk: EmulatedDisk): DiskTrouble {
  let refusedBefore = 0;
  const refused = 'writes were refused';

  return {
    async begin() {
      refusedBefore = (await disk.account()).writesRefused;
      await takeOn(victim, disk, { full: true });
      return monotonicNanos();
    },
    async end() {
      await takeOn(victim, disk, { full: false });
      return await victim.start();
    },
    async prove(expected) {
      if (expected === 'healed') {
        const quiet = await proveQuiet(
          disk,
          quietMs,
          ({ writesRefused }) => writesRefused,
          refused,
        );
        return joinProofs([await proveUp(victim, 15_000), quiet]);
      }
      const evidence = (more: number): string | undefined =>
        more > 0 ? `the disk of ${victim.name} refused ${counted(more, 'write')}` : undefined;
      return await proveCounted(
        victim,
        disk,
        refusedMsMax,
        ({ writesRefused }) => evidence(writesRefused - refusedBefore),
        `the disk of ${victim.name} refused no write`,
      );
    },
  };
}
