import { DiskError } from '../env/disk.ts';
import type { Disk, DiskFile } from '../env/disk.ts';
import { readU64, writeU64 } from '../protocol/batch.ts';
import { crc32c } from '../protocol/crc32c.ts';
import { syncFile, writeWhole } from './durable.ts';

const name = 'synced';
const magic = 0x6b4d_5341; // "ASMk"
const slotDistance = 4096;
const slotBytes = 24;

/**
 * The index up to which a log was once synced, kept outside of the log: a replica that finds its
 * log shorter than that has lost what it may have vouched for, and must not vote as if it had not.
 *
 * Written after each sync and before anyone hears of it, but not synced itself, so that it costs
 * next to nothing: it is exact after a kill, and after a power cut it may be too low, never too
 * high. So an honest disk never casts doubt. Two slots, of which one is always durable and whole;
 * the valid one of the higher sequence counts.
 */
export class SyncedMark {
  readonly #disk: Disk;
  readonly #directory: string;
  #file: DiskFile | undefined;
  #durableSlot = 0;
  #sequence = 0;
  #index: number | undefined;
  #held = false;

  private constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  static async open(disk: Disk, directory: string): Promise<SyncedMark> {
    const mark = new SyncedMark(disk, directory);
    await mark.#read();
    return mark;
  }

  /** As found or last written; undefined when there is no valid one. */
  get index(): number | undefined {
    return this.#index;
  }

  /** Stays as it is, through restarts too, until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
  }

  /** Everything up to `index` is synced. In the kernel when it resolves, not on disk. */
  async note(index: number): Promise<void> {
    if (this.#held || index <= (this.#index ?? 0)) return;
    await this.#file?.write((1 - this.#durableSlot) * slotDistance, [this.#encode(index)]);
  }

  /** Before the log is cut after `index`, since it will be shorter for a reason. */
  async lower(index: number): Promise<void> {
    if (!this.#held && this.#index !== undefined && index < this.#index) await this.save(index);
  }

  /** Durable when it resolves. */
  async save(index: number): Promise<void> {
    const bytes = this.#encode(index);
    if (this.#file === undefined) {
      const whole = Buffer.alloc(slotDistance + slotBytes);
      bytes.copy(whole);
      const options = { directory: this.#directory, name, chunks: [whole] };
      this.#file = await writeWhole(this.#disk, options);
      this.#durableSlot = 0;
      return;
    }
    // Over the slot that may be torn: the other one stays valid whatever happens meanwhile.
    const slot = 1 - this.#durableSlot;
    await this.#file.write(slot * slotDistance, [bytes]);
    await syncFile(this.#file);
    this.#durableSlot = slot;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #encode(index: number): Buffer {
    this.#index = index;
    const bytes = Buffer.alloc(slotBytes);
    bytes.writeUInt32LE(magic, 0);
    writeU64(bytes, 8, ++this.#sequence);
    writeU64(bytes, 16, index);
    bytes.writeUInt32LE(crc32c(bytes, 0, 8), 4);
    return bytes;
  }

  async #read(): Promise<void> {
    try {
      this.#file = await this.#disk.open(`${this.#directory}/${name}`);
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOENT') return;
      throw error;
    }
    for (const slot of [0, 1]) {
      const bytes = await this.#file.read(slot * slotDistance, slotBytes);
      if (bytes.length < slotBytes || bytes.readUInt32LE(0) !== magic) continue;
      if (bytes.readUInt32LE(4) !== crc32c(bytes, 0, 8)) continue;
      const sequence = readU64(bytes, 8);
      if (sequence <= this.#sequence) continue;
      this.#sequence = sequence;
      this.#durableSlot = slot;
      this.#index = readU64(bytes, 16);
    }
    // What was read may be in the kernel only; from here on the slot is taken to be durable.
    await syncFile(this.#file);
  }
}
