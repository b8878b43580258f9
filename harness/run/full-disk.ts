import { statfsSync } from 'node:fs';

/** What the record, its report and the last of the history still have to fit into. */
const reserveBytes = 2 * 1024 ** 2;

/** One sentence when the file system of this folder has no room left for a run; else undefined. */
export function fullDisk(directory: string): string | undefined {
  let free: number;
  try {
    const { blocks, bavail, bfree, bsize } = statfsSync(directory);
    // Without a size of its own (some mounts) nothing is known; root may use the reserved blocks.
    if (blocks === 0) return undefined;
    free = (process.getuid?.() === 0 ? bfree : bavail) * bsize;
  } catch {
    return undefined;
  }
  if (free >= reserveBytes) return undefined;
  return (
    `the disk of ${directory} is full (${Math.floor(free / 1024)} KiB left): ` +
    'make room there, choose another folder with --out, or run with less load or for less long'
  );
}
