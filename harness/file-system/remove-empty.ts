import { rmdirSync } from 'node:fs';

/** Only a directory with nothing in it: another run may have put something there. Never throws. */
export function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Not empty, or gone already: whoever removes the data removes it too.
  }
}
