import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes the directory and its parents; no error when it exists. `mkdir` of node:fs does the same
 * with `recursive`, and never returns where the kernel says ENOENT of a parent that does exist
 * (below /proc).
 */
export function makeDirectory(path: string): void {
  const absolute = resolve(path);
  const parent = dirname(absolute);
  if (parent !== absolute && !existsSync(parent)) makeDirectory(parent);
  try {
    mkdirSync(absolute);
  } catch (error) {
    // A file in its place fails at the first thing that is put into it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
