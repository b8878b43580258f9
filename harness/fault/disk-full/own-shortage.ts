import { join } from 'node:path';
import type { OwnFileSystem } from '../../cluster/node-storage.ts';
import { monotonicNanos } from '../../measure/clock.ts';
import { proveWrites } from '../access.ts';
import type { Victim } from '../fault.ts';
import { proveUp } from '../observe.ts';
import type { DiskTrouble } from '../on-disks.ts';
import { joinProofs } from '../on-each.ts';
import { Filler } from './filler.ts';

/** A file of ours takes all the room that the node's own file system has. */
export function ownShortage(victim: Victim, disk: OwnFileSystem): DiskTrouble {
  const filler = new Filler(join(disk.mountPoint, 'filler'));
  return {
    async begin() {
      await filler.fill();
      return monotonicNanos();
    },
    async end() {
      await filler.remove();
      return await victim.start();
    },
    prove: async (expected) =>
      expected === 'injected'
        ? await proveWrites(disk, victim.name, 'ENOSPC')
        : joinProofs([await proveWrites(disk, victim.name), await proveUp(victim, 15_000)]),
  };
}
