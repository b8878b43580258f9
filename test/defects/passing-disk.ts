import type { Disk, DiskFile } from '../../broker/env/disk.ts';

/** Hands everything on; a defect overrides what it does wrong. */
export class PassingDisk implements Disk {
  protected readonly inner: Disk;

  constructor(inner: Disk) {
    this.inner = inner;
  }

  async open(path: string, options?: { readonly create?: boolean }): Promise<DiskFile> {
    return this.around(await this.inner.open(path, options), path);
  }

  list(directory: string): Promise<string[]> {
    return this.inner.list(directory);
  }

  makeDirectory(directory: string): Promise<void> {
    return this.inner.makeDirectory(directory);
  }

  rename(from: string, to: string): Promise<void> {
    return this.inner.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.inner.remove(path);
  }

  removeDirectory(directory: string): Promise<void> {
    return this.inner.removeDirectory(directory);
  }

  syncDirectory(directory: string): Promise<void> {
    return this.inner.syncDirectory(directory);
  }

  protected around(file: DiskFile, _path: string): DiskFile {
    return file;
  }
}

/** Of one file. */
export class PassingFile implements DiskFile {
  protected readonly inner: DiskFile;

  constructor(inner: DiskFile) {
    this.inner = inner;
  }

  get size(): number {
    return this.inner.size;
  }

  write(position: number, chunks: readonly Uint8Array[]): Promise<void> {
    return this.inner.write(position, chunks);
  }

  read(position: number, length: number): Promise<Buffer> {
    return this.inner.read(position, length);
  }

  truncate(size: number): Promise<void> {
    return this.inner.truncate(size);
  }

  sync(): Promise<void> {
    return this.inner.sync();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
