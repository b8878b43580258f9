import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwnFileSystem } from '../cluster/node-storage.ts';
import type { Proof } from './fault.ts';

const bytes = Buffer.alloc(65_536, 'access ');

/** That a write of ours to the file system of a node is taken (no code) or refused with this one. */
export async function proveWrites(
  disk: Pick<OwnFileSystem, 'form' | 'mountPoint'>,
  name: string,
  expected?: string,
): Promise<Proof> {
  const refusal = await writeRefusal(disk.mountPoint);
  const found = refusal === undefined ? 'took a write' : `refused a write (${refusal})`;
  const wanted = expected === undefined ? 'one that it takes' : `${expected}`;
  return refusal === expected
    ? { result: 'confirmed', evidence: `the ${disk.form} of ${name} ${found}` }
    : { result: 'mismatch', evidence: `the ${disk.form} of ${name} ${found}, expected ${wanted}` };
}

/**
 * Writes a file of one's own in a directory, syncs it and removes it. Resolves with the error's
 * code where that is refused; undefined when it is not.
 */
async function writeRefusal(directory: string): Promise<string | undefined> {
  const path = join(directory, 'access-probe');
  try {
    const file = await open(path, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'an error';
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}
