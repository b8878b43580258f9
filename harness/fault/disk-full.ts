import { z } from 'zod';
import { emulatedShortage } from './disk-full/emulated-shortage.ts';
import { ownShortage } from './disk-full/own-shortage.ts';
import { noDiskFor, onDisks } from './on-disks.ts';

/**
 * Really full: beside the node's data lies a file that takes all the room there is, and what
 * becomes free meanwhile. Only ever on a file system of the node's own.
 */
export const diskFull = onDisks({
  kind: 'disk-full',
  description: 'no room is left for the node to write to; then there is',
  options: z.strictObject({}),
  storage: ['emulated', 'ext4', 'xfs'],
  trouble(victim) {
    const { disk } = victim;
    if (disk?.form === 'emulated') return emulatedShortage(victim, disk);
    if (disk?.form === 'ext4' || disk?.form === 'xfs') return ownShortage(victim, disk);
    throw noDiskFor('disk-full', victim);
  },
});
