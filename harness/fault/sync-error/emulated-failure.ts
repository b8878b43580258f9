import type { EmulatedDisk } from '../../cluster/node-storage.ts';
import { monotonicNanos } from '../../measure/clock.ts';
import { proveCounted, takeOn } from '../emulated-disk.ts';
import type { Victim } from '../fault.ts';
import { proveUp } from '../observe.ts';
import type { DiskTrouble } from '../on-disks.ts';
import { joinProofs } from '../on-each.ts';
import { counted } from '../../record/count.ts';
import { proveNoticed } from './complaint.ts';

const failedMsMax = 5_000;

/** The next syncs fail once each; those after them succeed and cover nothing of what those lost. */
export function emulatedFailure({
  victim,
  disk,
  syncs,
  seed,
}: {
  readonly victim: Victim;
  readonly disk: EmulatedDisk;
  readonly syncs: number;
  readonly seed: number;
}): DiskTrouble {
  let failedBefore = 0;
  let complaintsBefore = 0;
  let begun = false;
  let dropped: number | undefined;

  return {
    async begin() {
      victim.trial?.excuse();
      failedBefore = (await disk.account()).syncsFailed;
      complaintsBefore = victim.trial?.complaints().length ?? 0;
      begun = true;
      await takeOn(victim, disk, { failSyncs: syncs });
      return monotonicNanos();
    },
    async end() {
      await victim.kill();
      await takeOn(victim, disk, { failSyncs: 0 });
      // What the page cache had and the disk has not goes with the page cache.
      if (begun && dropped === undefined) dropped = (await disk.cutPower(seed)).bytesDropped;
      return await victim.start();
    },
    async prove(expected) {
      if (expected === 'healed') {
        const lost = `${victim.name} came back without ${counted(dropped ?? 0, 'byte')} that no sync had covered`;
        return joinProofs([
          await proveUp(victim, 15_000),
          { result: dropped === undefined ? 'inconclusive' : 'confirmed', evidence: lost },
        ]);
      }
      const failed = await proveCounted(
        victim,
        disk,
        failedMsMax,
        ({ syncsFailed }) => {
          const more = syncsFailed - failedBefore;
          return more > 0 ? `${counted(more, 'sync')} of ${victim.name} failed` : undefined;
        },
        `no sync of ${victim.name} failed`,
      );
      return joinProofs([failed, await proveNoticed(victim, complaintsBefore)]);
    },
  };
}
