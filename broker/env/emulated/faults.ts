import { renameSync, writeFileSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { layoutOf } from './layout.ts';

/** What an emulated disk shall do wrong from now on; replaces what was asked for before. */
export interface DiskFaults {
  /** From 1; rises with every change. */
  readonly sequence: number;
  /** So many syncs of files fail with `EIO`, and what they had to cover never reaches the disk. */
  readonly failSyncs: number;
  /** Growing a file and creating one fail with `ENOSPC`. */
  readonly full: boolean;
  /** Added to each write, read and sync. */
  readonly slowMs: number;
}

/** What the disk says it did; counts since the disk was made, restarts of its process included. */
export interface AppliedDiskFaults {
  /** Of the faults that are in force. */
  readonly sequence: number;
  /** How many of `failSyncs` are still to come. */
  readonly syncsToFail: number;
  readonly syncsFailed: number;
  readonly writesRefused: number;
  readonly operationsSlowed: number;
  /** By how much, all together, as the clock says and not as was asked for. */
  readonly millisSlowed: number;
}

const pollMs = 10;
const none: AppliedDiskFaults = {
  sequence: 0,
  syncsToFail: 0,
  syncsFailed: 0,
  writesRefused: 0,
  operationsSlowed: 0,
  millisSlowed: 0,
};

/** Asks the disk below `root`, whose process may run or not, to take on these faults. */
export async function writeDiskFaults(root: string, faults: DiskFaults): Promise<void> {
  await replaceFile(layoutOf(root).faults, JSON.stringify(faults));
}

/** What the disk below `root` last said; undefined when it has never been asked for a fault. */
export async function readDiskFaults(root: string): Promise<AppliedDiskFaults | undefined> {
  return await readJson<AppliedDiskFaults>(layoutOf(root).faultsApplied);
}

/** The disk's side: takes on what the file asks for within 10 ms, and reports. */
export class FaultControl {
  readonly #root: string;
  #seen = '';
  #full = false;
  #slowMs = 0;
  #state = none;
  #reported = none;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(root: string) {
    this.#root = root;
  }

  /** Resolves once the faults that were asked for already are in force. */
  async start(): Promise<void> {
    this.#state = this.#reported = { ...none, ...(await readDiskFaults(this.#root)) };
    await this.#poll();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#report();
  }

  /**
   * Whether a sync that completes now is one of those that fail. Written down before it does, so
   * that a process that ends right after does not have it fail once more in its next life.
   */
  takeSyncFailure(): boolean {
    const { syncsToFail, syncsFailed } = this.#state;
    if (syncsToFail === 0) return false;
    this.#state = {
      ...this.#state,
      syncsToFail: syncsToFail - 1,
      syncsFailed: syncsFailed + 1,
    };
    this.#report();
    return true;
  }

  /** Whether there is no room for growth; whoever asks is refused. */
  refusesGrowth(): boolean {
    if (this.#full) {
      this.#state = { ...this.#state, writesRefused: this.#state.writesRefused + 1 };
    }
    return this.#full;
  }

  /** Undefined unless the disk is slow: then it is to be waited for. */
  delay(): Promise<void> | undefined {
    if (this.#slowMs === 0) return undefined;
    const startMs = performance.now();
    return new Promise((resolve) => {
      setTimeout(() => {
        const { operationsSlowed, millisSlowed } = this.#state;
        this.#state = {
          ...this.#state,
          operationsSlowed: operationsSlowed + 1,
          millisSlowed: millisSlowed + performance.now() - startMs,
        };
        resolve();
      }, this.#slowMs);
    });
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.#poll().then(() => this.#wait());
    }, pollMs).unref();
  }

  async #poll(): Promise<void> {
    const { faults } = layoutOf(this.#root);
    const found = await stat(faults).catch(() => undefined);
    const version = found === undefined ? '' : `${found.ino} ${found.mtimeMs}`;
    if (version !== this.#seen) {
      this.#seen = version;
      // One that nobody can read is never acknowledged, which is how its writer knows.
      const asked = await readJson<DiskFaults>(faults).catch(() => undefined);
      // Whoever has stopped leaves the root to its next owner.
      if (this.#stopped) return;
      if (asked !== undefined) this.#take(asked);
    }
    this.#report();
  }

  /** At once and as a whole, so that no older report can follow it. */
  #report(): void {
    if (this.#state === this.#reported) return;
    const { faultsApplied } = layoutOf(this.#root);
    try {
      writeFileSync(`${faultsApplied}.new`, JSON.stringify(this.#state));
      renameSync(`${faultsApplied}.new`, faultsApplied);
      this.#reported = this.#state;
    } catch {
      // A root that is gone needs no report.
    }
  }

  #take(asked: DiskFaults): void {
    this.#full = asked.full;
    this.#slowMs = asked.slowMs;
    if (asked.sequence === this.#state.sequence) return;
    this.#state = { ...this.#state, sequence: asked.sequence, syncsToFail: asked.failSyncs };
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
