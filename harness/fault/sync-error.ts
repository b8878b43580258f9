import { z } from 'zod';
import { noDiskFor, onDisks } from './on-disks.ts';
import { emulatedFailure } from './sync-error/emulated-failure.ts';
import { ownFailure } from './sync-error/own-failure.ts';

const options = z.strictObject({
  /** How many syncs fail, where the disk is emulated: those that come first. A real one fails all. */
  syncs: z.number().int().min(1).max(1000).default(1),
});

/**
 * A sync fails with EIO, and what it was to cover is gone for good. On a real file system it and
 * all that follows fails (it is shut down under the node as it runs); the emulated disk has the next
 * syncs succeed again, as Linux does once it has dropped the dirty pages. Healed is a node that was
 * killed and started again on what its disk still has: nobody can trust what is in memory.
 */
export const syncError = onDisks({
  kind: 'sync-error',
  description: 'a sync fails with EIO and its data are gone; then started again with what is left',
  options,
  storage: ['emulated', 'ext4', 'xfs'],
  trouble(victim, { options: { syncs }, seed }) {
    const { disk } = victim;
    if (disk?.form === 'emulated') return emulatedFailure({ victim, disk, syncs, seed });
    if (disk?.form === 'ext4' || disk?.form === 'xfs') return ownFailure(victim, disk);
    throw noDiskFor('sync-error', victim);
  },
});
