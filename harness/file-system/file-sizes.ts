import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below a directory, with its length in bytes. */
export function fileSizes(directory: string): Map<string, number> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path, statSync(path).size];
    }),
  );
}

/** The lengths of these files as far as they are there, in bytes. */
export function lengthsOf(files: readonly string[]): [path: string, bytes: number][] {
  return files.flatMap((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [[path, found.size]];
  });
}

/** By how much files are shorter than they were; one that is gone counts in full. */
export function bytesMissing(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): number {
  let missing = 0;
  for (const [path, size] of before) missing += Math.max(0, size - (after.get(path) ?? 0));
  return missing;
}
