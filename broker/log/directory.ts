import type { Disk } from '../env/disk.ts';

/** Makes a replica's directory, durably. */
export async function makeLogDirectory(disk: Disk, directory: string): Promise<void> {
  await disk.makeDirectory(directory);
  const parents = directory.split('/').slice(0, -1);
  for (let depth = 0; depth <= parents.length; depth++) {
    await disk.syncDirectory(parents.slice(0, depth).join('/'));
  }
}
