import type { Disk, DiskFile } from '../../broker/env/disk.ts';
import { runNode } from '../../broker/server/run-node.ts';

const lateMs = 1_000;
/** Written behind each sync of a log and never synced itself. */
const syncedMark = /\/synced$/;

type Deed = () => Promise<void>;

/**
 * Sync returns without syncing: each one is answered at once and done up to a second later, as by a
 * drive with a volatile cache that ignores flushes. No `kill -9` can tell; a power cut takes what
 * was acked within that second: `lost-tail`. The cache keeps its order: the mark of how far a log
 * is synced comes behind what it speaks of, or replicas would know that they lack something.
 */
class LyingDisk implements Disk {
  readonly #disk: Disk;
  readonly #cache = new Cache();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async open(path: string, options?: { readonly create?: boolean }): Promise<DiskFile> {
    const file = await this.#disk.open(path, options);
    const cache = this.#cache;
    let emptied: Promise<void> | undefined;
    return {
      get size() {
        return file.size;
      },
      async write(position, chunks) {
        if (syncedMark.test(path)) emptied = cache.behind(() => file.write(position, chunks));
        else await file.write(position, chunks);
      },
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      async sync() {
        emptied = cache.later(() => file.sync());
      },
      async close() {
        // The cache must find it open once it is emptied.
        void (emptied ?? Promise.resolve()).then(() => file.close());
      },
    };
  }

  list(directory: string): Promise<string[]> {
    return this.#disk.list(directory);
  }

  makeDirectory(directory: string): Promise<void> {
    return this.#disk.makeDirectory(directory);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#disk.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#disk.remove(path);
  }

  removeDirectory(directory: string): Promise<void> {
    return this.#disk.removeDirectory(directory);
  }

  async syncDirectory(directory: string): Promise<void> {
    void this.#cache.later(() => this.#disk.syncDirectory(directory));
  }
}

/** Emptied once a second: the syncs that were promised, then what was written behind them. */
class Cache {
  #syncs: Deed[] = [];
  #behind: Deed[] = [];
  #emptied: Promise<void> | undefined;

  later(sync: Deed): Promise<void> {
    this.#syncs.push(sync);
    return this.#soon();
  }

  behind(write: Deed): Promise<void> {
    this.#behind.push(write);
    return this.#soon();
  }

  #soon(): Promise<void> {
    this.#emptied ??= new Promise((resolve) => {
      setTimeout(() => void this.#empty().then(resolve), lateMs);
    });
    return this.#emptied;
  }

  async #empty(): Promise<void> {
    const [syncs, behind] = [this.#syncs, this.#behind];
    [this.#syncs, this.#behind, this.#emptied] = [[], [], undefined];
    // A file that is gone by then needs no sync.
    await Promise.allSettled(syncs.map((sync) => sync()));
    await Promise.allSettled(behind.map((write) => write()));
  }
}

await runNode(process.argv.slice(2), { disk: (disk) => new LyingDisk(disk) });
