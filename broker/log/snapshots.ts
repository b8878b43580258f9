import { DiskError } from '../env/disk.ts';
import type { Disk, DiskFile } from '../env/disk.ts';
import { readU64, writeU64 } from '../protocol/integers.ts';
import { crc32c } from '../protocol/crc32c.ts';
import type { SnapshotMark } from '../raft/types.ts';
import { syncDirectory, writeWhole } from './durable.ts';
import { fileName, indexInName } from './segment-format.ts';

/** The state of the machine after the entry at `mark`. */
export interface Snapshot {
  readonly mark: SnapshotMark;
  /** Offset of the first record after it. */
  readonly nextOffset: number;
  readonly data: Buffer;
}

const magic = 0x706e_5341; // "ASnp"
const headBytes = 40;
const keptMax = 8;

/**
 * The snapshots of one log, one file each: `u32 magic, u32 crc of the rest, u64 index, u64 term,
 * u64 nextOffset, u64 length, data`. Changes are done one after another.
 */
export class SnapshotStore {
  readonly #disk: Disk;
  readonly #directory: string;
  #indexes: number[];
  #changes: Promise<void> = Promise.resolve();

  /** `names`: what the directory holds. */
  constructor(disk: Disk, directory: string, names: readonly string[]) {
    this.#disk = disk;
    this.#directory = directory;
    this.#indexes = names
      .map((name) => indexInName(name, 'snapshot'))
      .filter((index) => index !== undefined);
  }

  /** Of the newest durable snapshot; 0 when there is none. */
  get newestIndex(): number {
    return this.#indexes.at(-1) ?? 0;
  }

  has(index: number): boolean {
    return this.#indexes.includes(index);
  }

  /**
   * Resolves once durable. Asks `wanted` when its turn has come: the log may have been cut
   * meanwhile. Of many the oldest and the newest few stay.
   */
  save(snapshot: Snapshot, wanted: () => boolean): Promise<void> {
    const index = snapshot.mark.index;
    return this.#inTurn(async () => {
      if (!wanted()) return;
      const file = await writeWhole(this.#disk, {
        directory: this.#directory,
        name: fileName(index, 'snapshot'),
        chunks: encode(snapshot),
      });
      await file.close();
      if (!this.#indexes.includes(index)) this.#indexes.push(index);
      this.#indexes.sort((a, b) => a - b);
      while (this.#indexes.length > keptMax) await this.#remove(this.#indexes[1]!);
    });
  }

  /** The newest whole one at or below `index`; damaged ones are passed over. */
  async latest(index: number): Promise<Snapshot | undefined> {
    for (const candidate of this.#indexes.filter((at) => at <= index).reverse()) {
      const snapshot = await this.#read(candidate);
      if (snapshot !== undefined) return snapshot;
    }
    return undefined;
  }

  /**
   * Once, at recovery: removes snapshots that do not fit the log (left by a replacement that did
   * not come to pass) and passes over damaged ones.
   */
  settle(fits: (mark: SnapshotMark) => boolean): Promise<void> {
    return this.#inTurn(async () => {
      for (const index of this.#indexes) {
        const snapshot = await this.#read(index);
        if (snapshot === undefined) this.#indexes = this.#indexes.filter((at) => at !== index);
        else if (!fits(snapshot.mark)) await this.#remove(index);
      }
      await syncDirectory(this.#disk, this.#directory);
    });
  }

  /** Durably, so that no snapshot is ahead of a log that is about to be cut. */
  removeAbove(index: number): Promise<void> {
    return this.#removeWhere((at) => at > index);
  }

  removeBelow(index: number): Promise<void> {
    return this.#removeWhere((at) => at < index);
  }

  #removeWhere(unwanted: (index: number) => boolean): Promise<void> {
    return this.#inTurn(async () => {
      const removed = this.#indexes.filter(unwanted);
      for (const index of removed) await this.#remove(index);
      if (removed.length > 0) await syncDirectory(this.#disk, this.#directory);
    });
  }

  async #remove(index: number): Promise<void> {
    await this.#disk.remove(`${this.#directory}/${fileName(index, 'snapshot')}`);
    this.#indexes = this.#indexes.filter((at) => at !== index);
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#changes.then(change);
    this.#changes = changed.catch(() => {});
    return changed;
  }

  async #read(index: number): Promise<Snapshot | undefined> {
    let file: DiskFile;
    try {
      file = await this.#disk.open(`${this.#directory}/${fileName(index, 'snapshot')}`);
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const snapshot = decode(await file.read(0, file.size));
      return snapshot?.mark.index === index ? snapshot : undefined;
    } finally {
      await file.close();
    }
  }
}

function encode(snapshot: Snapshot): Buffer[] {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(magic, 0);
  writeU64(head, 8, snapshot.mark.index);
  writeU64(head, 16, snapshot.mark.term);
  writeU64(head, 24, snapshot.nextOffset);
  writeU64(head, 32, snapshot.data.length);
  head.writeUInt32LE(crc32c(snapshot.data, crc32c(head, 0, 8)), 4);
  return [head, snapshot.data];
}

function decode(bytes: Buffer): Snapshot | undefined {
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== magic) return undefined;
  if (bytes.readUInt32LE(4) !== crc32c(bytes, 0, 8)) return undefined;
  if (readU64(bytes, 32) !== bytes.length - headBytes) return undefined;
  return {
    mark: { index: readU64(bytes, 8), term: readU64(bytes, 16) },
    nextOffset: readU64(bytes, 24),
    data: bytes.subarray(headBytes),
  };
}
