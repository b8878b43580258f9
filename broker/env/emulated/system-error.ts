import { DiskError } from '../disk.ts';

/** Runs `work` of node:fs; what it rejects with becomes a `DiskError` that says what was tried. */
export async function asDiskError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DiskError || !(error instanceof Error)) throw error;
    const { code = 'EIO' } = error as NodeJS.ErrnoException;
    throw new DiskError(code, `Could not ${what}: ${error.message}`, { cause: error });
  }
}
