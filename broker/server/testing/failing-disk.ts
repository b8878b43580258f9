import { DiskError } from '../../env/disk.ts';
import type { Disk, DiskFile } from '../../env/disk.ts';
import type { Env } from '../../env/env.ts';

/** A disk that can be told to be full, or to fail its syncs. */
export class FailingDisk {
  full = false;
  failsSyncs = false;

  around(env: Env): Env {
    const { disk } = env;
    const wrapped: Disk = {
      open: async (path, options) => this.#file(await disk.open(path, options)),
      list: (directory) => disk.list(directory),
      makeDirectory: (directory) => disk.makeDirectory(directory),
      rename: (from, to) => disk.rename(from, to),
      remove: (path) => disk.remove(path),
      removeDirectory: (directory) => disk.removeDirectory(directory),
      syncDirectory: (directory) => disk.syncDirectory(directory),
    };
    return { ...env, disk: wrapped };
  }

  #file(file: DiskFile): DiskFile {
    return {
      get size() {
        return file.size;
      },
      write: async (position, chunks) => {
        if (this.full) throw new DiskError('ENOSPC', 'no space left on device');
        await file.write(position, chunks);
      },
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      sync: async () => {
        if (this.failsSyncs) throw new DiskError('EIO', 'input/output error');
        await file.sync();
      },
      close: () => file.close(),
    };
  }
}
