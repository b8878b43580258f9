import { spawn, type ChildProcess } from 'node:child_process';

/**
 * A shut-down of a mounted file system that waits for the word: the program that does it has been
 * started and has the file system open, so that it takes effect in a millisecond or two, where a
 * sync that is under way is still under way. Until it is over, nobody can unmount. It ends with
 * whoever started it.
 */
export class ArmedShutDown {
  readonly #process: ChildProcess;
  readonly #ended: Promise<boolean>;

  constructor(directory: string) {
    this.#process = spawn('xfs_io', ['-x', directory], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#process.stdin?.on('error', () => undefined);
    this.#ended = new Promise((ended) => {
      this.#process.once('error', () => ended(false));
      this.#process.once('exit', (code) => ended(code === 0));
    });
  }

  /** Resolves once it took effect, or false where it did not. */
  fire(): Promise<boolean> {
    this.#process.stdin?.end('shutdown\nquit\n');
    return this.#ended;
  }

  /** Nothing happens, and nothing keeps it mounted any more. */
  async disarm(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }
}
