import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What became of the two files: a disk that works as disks do keeps one and forgets the other. */
export interface CanaryFate {
  readonly syncedIsThere: boolean;
  readonly unsyncedIsThere: boolean;
}

const bytes = Buffer.alloc(8192, 'canary ');

/** Two files on a file system, written at the same moment, of which one is synced. */
export class Canaries {
  readonly #synced: string;
  readonly #unsynced: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#synced = join(directory, 'canary-synced');
    this.#unsynced = join(directory, 'canary-unsynced');
  }

  async plant(): Promise<void> {
    const file = await open(this.#synced, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    // Its name has to last as well.
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    await writeFile(this.#unsynced, bytes);
  }

  /** The error's code with which a write is refused; undefined when it is taken. */
  async refusal(): Promise<string | undefined> {
    try {
      await writeFile(this.#unsynced, bytes);
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'an error';
    }
  }

  async fate(): Promise<CanaryFate> {
    return {
      syncedIsThere: await holdsBytes(this.#synced),
      unsyncedIsThere: await holdsBytes(this.#unsynced),
    };
  }

  async remove(): Promise<void> {
    await rm(this.#synced, { force: true });
    await rm(this.#unsynced, { force: true });
  }
}

async function holdsBytes(file: string): Promise<boolean> {
  try {
    return (await readFile(file)).equals(bytes);
  } catch {
    return false;
  }
}
