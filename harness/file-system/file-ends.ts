import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** How a file ended at some instant. */
export interface FileEnd {
  readonly path: string;
  /** In bytes, of the whole file. */
  readonly size: number;
  /** Its last bytes, `endBytesMax` of them or all. */
  readonly end: Buffer;
}

/** What files lack of what they were, in bytes. */
export interface Forgotten {
  /** By which they are shorter; a file that is gone counts in full. */
  readonly missing: number;
  /** That are others than they were, at their former ends. */
  readonly changed: number;
}

/**
 * Files are compared this far from their ends: a file system gives back a longer file than it has
 * bytes of within its last block, and what is written in place lies in small files.
 */
const endBytesMax = 8192;

/** The paths of every file below a directory. */
export function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** How these files end, as far as they are there. Takes some microseconds for each. */
export function endsOf(files: readonly string[]): FileEnd[] {
  return files.flatMap((path) => endOf(path) ?? []);
}

/**
 * What became of these files since. What grew does not make up for what is missing elsewhere.
 * Bytes that changed further from the end are not seen: it is this much at least.
 */
export function forgottenOf(before: readonly FileEnd[]): Forgotten {
  let [missing, changed] = [0, 0];
  for (const { path, size, end } of before) {
    const from = size - end.length;
    const now = endOf(path, { from, length: end.length }) ?? { size: 0, end: Buffer.alloc(0) };
    missing += Math.max(0, size - now.size);
    changed += now.end.reduce((sum, byte, index) => sum + (byte === end[index] ? 0 : 1), 0);
  }
  return { missing, changed };
}

/** Without `part`: of its last bytes. Undefined when there is no such file. */
function endOf(
  path: string,
  part?: { readonly from: number; readonly length: number },
): FileEnd | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const { from, length } = part ?? lastOf(size);
    const end = Buffer.alloc(length);
    return { path, size, end: end.subarray(0, readSync(file, end, 0, length, from)) };
  } finally {
    closeSync(file);
  }
}

function lastOf(size: number): { readonly from: number; readonly length: number } {
  const length = Math.min(size, endBytesMax);
  return { from: size - length, length };
}
