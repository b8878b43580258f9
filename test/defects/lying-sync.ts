import type { DiskFile } from '../../broker/env/disk.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { PassingDisk, PassingFile } from './passing-disk.ts';

const lateMs = 1_000;

type Deed = () => Promise<void>;

/**
 * Sync returns without syncing: each one is answered at once and done up to a second later, as by a
 * drive with a volatile cache that ignores flushes. No `kill -9` can tell; a power cut takes what
 * was acked within that second: `lost-tail`. The cache keeps its order: the mark of how far a log
 * is synced comes behind what it speaks of, or replicas would know that they lack something.
 */
class LyingDisk extends PassingDisk {
  readonly #cache = new Cache();

  override async syncDirectory(directory: string): Promise<void> {
    void this.#cache.later(() => super.syncDirectory(directory));
  }

  protected override around(file: DiskFile, path: string): DiskFile {
    return new LyingFile(file, { cache: this.#cache, isMark: path.endsWith('/synced') });
  }
}

class LyingFile extends PassingFile {
  readonly #cache: Cache;
  /** Written behind each sync of a log and never synced itself. */
  readonly #isMark: boolean;
  #emptied: Promise<void> = Promise.resolve();

  constructor(inner: DiskFile, options: { readonly cache: Cache; readonly isMark: boolean }) {
    super(inner);
    this.#cache = options.cache;
    this.#isMark = options.isMark;
  }

  override async write(position: number, chunks: readonly Uint8Array[]): Promise<void> {
    if (!this.#isMark) return super.write(position, chunks);
    this.#emptied = this.#cache.behind(() => super.write(position, chunks));
  }

  override async sync(): Promise<void> {
    this.#emptied = this.#cache.later(() => super.sync());
  }

  /** The cache must find it open once it is emptied. */
  override async close(): Promise<void> {
    void this.#emptied.then(() => super.close());
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
