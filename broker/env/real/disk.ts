import fs from 'node:fs';
import { join, resolve } from 'node:path';
import { DiskError } from '../disk.ts';
import type { Disk, DiskFile } from '../disk.ts';

/** Files below a root directory, over node:fs. The root is created at the first use. */
export class RealDisk implements Disk {
  readonly #root: string;

  constructor(rootDirectory: string) {
    this.#root = resolve(rootDirectory);
  }

  async open(path: string, options?: { readonly create?: boolean }): Promise<DiskFile> {
    const flags = fs.constants.O_RDWR | (options?.create ? fs.constants.O_CREAT : 0);
    const fd = await call<number>('open', path, (done) => {
      fs.open(join(this.#root, path), flags, 0o644, done);
    });
    return new RealFile(fd, path, (await stat(fd, path)).size);
  }

  async list(directory: string): Promise<string[]> {
    try {
      const names = await call<string[]>('list', directory, (done) => {
        fs.readdir(join(this.#root, directory), done);
      });
      return names.sort();
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  async makeDirectory(directory: string): Promise<void> {
    await call<string | undefined>('make the directory', directory, (done) => {
      fs.mkdir(join(this.#root, directory), { recursive: true }, done);
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await call<void>('rename', from, (done) => {
      fs.rename(join(this.#root, from), join(this.#root, to), done);
    });
  }

  async remove(path: string): Promise<void> {
    await call<void>('remove', path, (done) => {
      fs.rm(join(this.#root, path), { force: true }, done);
    });
  }

  async removeDirectory(directory: string): Promise<void> {
    await call<void>('remove the directory', directory, (done) => {
      fs.rm(join(this.#root, directory), { recursive: true, force: true }, done);
    });
  }

  async syncDirectory(directory: string): Promise<void> {
    const fd = await call<number>('sync the directory', directory, (done) => {
      fs.open(join(this.#root, directory), fs.constants.O_RDONLY, done);
    });
    try {
      await call<void>('sync the directory', directory, (done) => fs.fsync(fd, done));
    } finally {
      fs.closeSync(fd);
    }
  }
}

class RealFile implements DiskFile {
  readonly #fd: number;
  readonly #path: string;
  #size: number;

  constructor(fd: number, path: string, size: number) {
    this.#fd = fd;
    this.#path = path;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  async write(position: number, chunks: readonly Uint8Array[]): Promise<void> {
    let left = chunks;
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    this.#size = Math.max(this.#size, position + bytes);
    let at = position;
    try {
      while (bytes > 0) {
        const written = await this.#writeSome(at, left);
        // A short write says nothing about why; the next one then gives the error.
        at += written;
        bytes -= written;
        if (bytes > 0) left = skip(left, written);
      }
    } catch (error) {
      this.#size = (await stat(this.#fd, this.#path)).size;
      throw error;
    }
  }

  #writeSome(position: number, chunks: readonly Uint8Array[]): Promise<number> {
    return call<number>('write', this.#path, (done) => {
      if (chunks.length === 1) fs.write(this.#fd, chunks[0]!, 0, undefined, position, done);
      else fs.writev(this.#fd, chunks, position, done);
    });
  }

  async read(position: number, length: number): Promise<Buffer> {
    const into = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#size - position)));
    let at = 0;
    while (at < into.length) {
      const read = await call<number>('read', this.#path, (done) => {
        fs.read(this.#fd, into, at, into.length - at, position + at, done);
      });
      if (read === 0) break;
      at += read;
    }
    return into.subarray(0, at);
  }

  async truncate(size: number): Promise<void> {
    await call<void>('truncate', this.#path, (done) => fs.ftruncate(this.#fd, size, done));
    this.#size = size;
  }

  sync(): Promise<void> {
    return call<void>('sync', this.#path, (done) => fs.fdatasync(this.#fd, done));
  }

  close(): Promise<void> {
    return call<void>('close', this.#path, (done) => fs.close(this.#fd, done));
  }
}

function stat(fd: number, path: string): Promise<fs.Stats> {
  return call<fs.Stats>('look at', path, (done) => fs.fstat(fd, done));
}

function skip(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (bytes >= chunk.length) {
      bytes -= chunk.length;
    } else {
      left.push(bytes > 0 ? chunk.subarray(bytes) : chunk);
      bytes = 0;
    }
  }
  return left;
}

/** Turns a callback of node:fs into a promise that rejects with `DiskError`. */
function call<T>(
  what: string,
  path: string,
  start: (done: (error: NodeJS.ErrnoException | null, result?: T) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    start((error, result) => {
      if (error === null || error === undefined) {
        resolve(result as T);
        return;
      }
      const message = `Could not ${what} ${path}: ${error.message}`;
      reject(new DiskError(error.code ?? 'EIO', message, { cause: error }));
    });
  });
}
