import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

interface Waiting {
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends frames in the order of the calls; those that come while a write is under way share the
 * next one. Nothing is synced: the journal has to survive the process, not the machine.
 */
export class Journal {
  readonly #path: string;
  readonly #generationBytes: number;
  readonly #snapshot: () => Buffer;
  #file: FileHandle | undefined;
  #bytes = 0;
  #limit = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  /**
   * `snapshot` gives the frames of everything appended so far, whether written or not. A new
   * generation begins with it when the journal is longer than `generationBytes` and than twice its
   * beginning.
   */
  constructor(options: {
    readonly path: string;
    readonly generationBytes: number;
    readonly snapshot: () => Buffer;
  }) {
    this.#path = options.path;
    this.#generationBytes = options.generationBytes;
    this.#snapshot = options.snapshot;
  }

  /** Resolves once the frame would survive the process. */
  append(frame: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes: frame, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #write(): Promise<void> {
    // What else happens in this turn of the event loop goes out together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#file === undefined || this.#bytes > this.#limit) await this.#begin();
        else await this.#extend(this.#file, Buffer.concat(batch.map(({ bytes }) => bytes)));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // Whatever reached the file may be torn: the next frame begins a new generation.
        await this.#file?.close().catch(() => {});
        this.#file = undefined;
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = undefined;
  }

  /** A new generation, which has what waits in it. Under another name until it is whole. */
  async #begin(): Promise<void> {
    const bytes = this.#snapshot();
    const path = `${this.#path}.new`;
    const file = await open(path, 'w');
    try {
      await file.writeFile(bytes);
      await rename(path, this.#path);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#file?.close();
    this.#file = file;
    this.#bytes = bytes.length;
    this.#limit = Math.max(this.#generationBytes, 2 * bytes.length);
  }

  async #extend(file: FileHandle, bytes: Buffer): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const { bytesWritten } = await file.write(bytes, at, bytes.length - at, this.#bytes + at);
      at += bytesWritten;
    }
    this.#bytes += bytes.length;
  }
}
