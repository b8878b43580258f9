import { constants } from 'node:fs';
import { open, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../../errors.ts';
import { command } from '../../file-system/commands.ts';

const pieces = [65_536, 4_096].map((size) => Buffer.alloc(size, 'filler '));
/** With less than this nothing is gained by taking it. */
const topUpBytesMin = 65_536;
const topUpEveryMs = 100;
const isFull = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOSPC';

/**
 * A file that takes all the room of the file system it lies in, until it is removed. Its folder
 * must be the root of a file system: that of anybody else is never filled. No descriptor stays
 * open, so that it keeps nobody from unmounting, after which nothing is written any more.
 */
export class Filler {
  readonly #path: string;
  #keeping: Promise<void> | undefined;
  #removed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when there is no more room; from then on it takes what others give back. */
  async fill(): Promise<void> {
    const directory = dirname(this.#path);
    const { dev } = await stat(directory);
    const file = await open(this.#path, 'a');
    try {
      // Told by the open file, so that no unmounting in between can matter.
      const own = (await stat(dirname(directory))).dev !== dev && (await file.stat()).dev === dev;
      if (!own) {
        const what = `${directory} is no file system of its own`;
        throw new HarnessError('environment', `${what}, and that of anybody else is not filled`);
      }
      await reserve(file, directory);
      await writeUntilFull(file);
    } catch (error) {
      await rm(this.#path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    this.#keeping = this.#keepFull(directory);
  }

  async remove(): Promise<void> {
    this.#removed = true;
    await this.#keeping;
    await rm(this.#path, { force: true });
  }

  async #keepFull(directory: string): Promise<void> {
    while (!this.#removed) {
      await sleep(topUpEveryMs, undefined, { ref: false });
      try {
        if ((await freeBytes(directory)) < topUpBytesMin) continue;
        // Where there is no such file any more, none is made.
        const file = await open(this.#path, constants.O_WRONLY | constants.O_APPEND);
        try {
          await writeUntilFull(file);
        } finally {
          await file.close();
        }
      } catch {
        return;
      }
    }
  }
}

/** Blocks without content: to write them would take long. What is refused is asked for in halves. */
async function reserve(file: FileHandle, directory: string): Promise<void> {
  const path = `/proc/${process.pid}/fd/${file.fd}`;
  let wanted = await freeBytes(directory);
  while (wanted >= topUpBytesMin) {
    const { size } = await file.stat();
    const range = ['--offset', String(size), '--length', String(Math.floor(wanted))];
    const taken = await command('fallocate', ...range, path).then(
      () => true,
      () => false,
    );
    wanted = taken ? Math.min(wanted, await freeBytes(directory)) : wanted / 2;
  }
}

async function writeUntilFull(file: FileHandle): Promise<void> {
  for (const piece of pieces) {
    try {
      for (;;) await file.write(piece);
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }
}

async function freeBytes(directory: string): Promise<number> {
  const { bfree, bsize } = await statfs(directory);
  return bfree * bsize;
}
