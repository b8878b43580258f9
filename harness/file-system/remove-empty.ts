import { rmdirSync } from 'node:fs';

/** Only a directory that is there and has nothing in it: another run may have put something there. */
export function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY', 'ENOTDIR'].includes(code)) throw error;
  }
}
