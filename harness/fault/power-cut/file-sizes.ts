import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file below a directory, with its length in bytes. */
export async function fileSizes(directory: string): Promise<Map<string, number>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path, (await stat(path)).size] as const;
    }),
  );
  return new Map(sizes);
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
