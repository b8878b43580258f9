import { DiskError } from '../env/disk.ts';
import type { Disk, DiskFile } from '../env/disk.ts';
import { readU64, writeU64 } from '../protocol/integers.ts';
import { crc32c } from '../protocol/crc32c.ts';
import { syncFile, writeWhole } from './durable.ts';

const name = 'synced';
const magic = 0x6b4d_5341; // "ASMk"
const slotDistance = 4096;
const slotBytes = 36;

interface Mark {
  readonly vouchedIndex: number;
  readonly syncedIndex: number;
  readonly endIsSynced: boolean;
}

/**
 * How far a log is synced, kept outside of the log.
 *
 * - `vouchedIndex`: up to here it was synced once. A replica that finds its log shorter than that
 *   has lost what it may have vouched for, and must not vote as if it had not.
 * - `syncedIndex`: up to here the log is synced as it is now; it is less only from `hold` to
 *   `save`. What lies behind it may be in the page cache and never reach the disk, however clean it
 *   looks: recovery writes it again.
 * - `endIsSynced`: false while the log is being cut, when the disk may still have what was cut off.
 *
 * Written after each sync and before anyone hears of it, but not synced itself, so that it costs
 * next to nothing: it is exact after a kill, and after a power cut it may be too low, never too
 * high. So an honest disk never casts doubt. Two slots, of which one is always durable and whole;
 * the valid one of the higher sequence counts. Calls must follow one another.
 */
export class SyncedMark {
  readonly #disk: Disk;
  readonly #directory: string;
  #file: DiskFile | undefined;
  #durableSlot = 0;
  #sequence = 0;
  #mark: Mark | undefined;
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
  get vouchedIndex(): number | undefined {
    return this.#mark?.vouchedIndex;
  }

  /** 0 when there is no valid one. */
  get syncedIndex(): number {
    return this.#mark?.syncedIndex ?? 0;
  }

  get endIsSynced(): boolean {
    return this.#mark?.endIsSynced ?? false;
  }

  /** `vouchedIndex` is not lowered, through restarts too, until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
  }

  /** The log is synced up to `index` and to its end. In the kernel when it resolves, not on disk. */
  async note(index: number): Promise<void> {
    const mark = this.#mark;
    if (mark === undefined || (index <= mark.syncedIndex && mark.endIsSynced)) return;
    const syncedIndex = Math.max(index, mark.syncedIndex);
    const vouchedIndex = Math.max(index, mark.vouchedIndex);
    await this.#write({ vouchedIndex, syncedIndex, endIsSynced: true });
  }

  /** Before the log is cut after `index`: it will be shorter for a reason. */
  async lower(index: number): Promise<void> {
    const mark = this.#mark;
    if (mark === undefined) return;
    const vouchedIndex = this.#held ? mark.vouchedIndex : Math.min(index, mark.vouchedIndex);
    await this.#write({
      vouchedIndex,
      syncedIndex: Math.min(index, mark.syncedIndex),
      endIsSynced: false,
    });
    // The others are of use while the page cache lives, this one if it does not.
    if (vouchedIndex < mark.vouchedIndex) await this.#sync();
  }

  /** The file is about to end elsewhere than the disk may think. */
  async unsettle(): Promise<void> {
    const mark = this.#mark;
    if (mark?.endIsSynced === true) await this.#write({ ...mark, endIsSynced: false });
  }

  /** The log is synced up to `index`, and was never longer than `vouchedIndex`; durably. */
  async save(index: number, vouchedIndex = index): Promise<void> {
    const mark = { vouchedIndex, syncedIndex: index, endIsSynced: true };
    if (this.#file !== undefined) {
      await this.#write(mark);
      await this.#sync();
      return;
    }
    const whole = Buffer.alloc(slotDistance + slotBytes);
    this.#encode(mark).copy(whole);
    const options = { directory: this.#directory, name, chunks: [whole] };
    this.#file = await writeWhole(this.#disk, options);
    this.#durableSlot = 0;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Over the slot that may be torn: the other one stays valid whatever happens meanwhile. */
  async #write(mark: Mark): Promise<void> {
    await this.#file?.write((1 - this.#durableSlot) * slotDistance, [this.#encode(mark)]);
  }

  async #sync(): Promise<void> {
    if (this.#file === undefined) return;
    await syncFile(this.#file);
    this.#durableSlot = 1 - this.#durableSlot;
  }

  #encode(mark: Mark): Buffer {
    this.#mark = mark;
    const bytes = Buffer.alloc(slotBytes);
    bytes.writeUInt32LE(magic, 0);
    writeU64(bytes, 8, ++this.#sequence);
    writeU64(bytes, 16, mark.vouchedIndex);
    writeU64(bytes, 24, mark.syncedIndex);
    bytes.writeUInt32LE(mark.endIsSynced ? 1 : 0, 32);
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
    let best: Buffer | undefined;
    for (const slot of [0, 1]) {
      const bytes = await this.#file.read(slot * slotDistance, slotBytes);
      if (bytes.length < slotBytes || bytes.readUInt32LE(0) !== magic) continue;
      if (bytes.readUInt32LE(4) !== crc32c(bytes, 0, 8)) continue;
      const sequence = readU64(bytes, 8);
      if (sequence <= this.#sequence) continue;
      this.#sequence = sequence;
      this.#durableSlot = slot;
      best = bytes;
    }
    if (best === undefined) return;
    this.#mark = {
      vouchedIndex: readU64(best, 16),
      syncedIndex: readU64(best, 24),
      endIsSynced: best.readUInt32LE(32) === 1,
    };
    // In the page cache it may be alone; from here on the slot is taken to be durable.
    await this.#file.write(this.#durableSlot * slotDistance, [best]);
    await syncFile(this.#file);
  }
}
