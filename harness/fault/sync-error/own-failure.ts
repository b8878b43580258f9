import type { OwnFileSystem } from '../../cluster/node-storage.ts';
import { proveWrites } from '../access.ts';
import type { Victim } from '../fault.ts';
import { proveUp } from '../observe.ts';
import type { DiskTrouble } from '../on-disks.ts';
import { joinProofs } from '../on-each.ts';
import { proveNoticed } from './complaint.ts';

/**
 * The file system is shut down under the node as it runs: the sync that comes next, and every
 * access after it, fails with a real EIO, and what was not synced never reaches the image.
 */
export function ownFailure(victim: Victim, disk: OwnFileSystem): DiskTrouble {
  let complaintsBefore = 0;
  return {
    async begin() {
      victim.trial?.excuse();
      complaintsBefore = victim.trial?.complaints().length ?? 0;
      return await disk.shutDown();
    },
    async end() {
      await victim.kill();
      await disk.unmount();
      await disk.mount();
      return await victim.start();
    },
    prove: async (expected) =>
      joinProofs(
        expected === 'injected'
          ? [
              await proveWrites(disk, victim.name, 'EIO'),
              await proveNoticed(victim, complaintsBefore),
            ]
          : [await proveWrites(disk, victim.name), await proveUp(victim, 15_000)],
      ),
  };
}
