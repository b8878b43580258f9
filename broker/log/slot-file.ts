import { BrokerError } from '../errors.ts';
import { DiskError } from '../env/disk.ts';
import type { Disk, DiskFile } from '../env/disk.ts';
import { readU64, writeU64 } from '../protocol/integers.ts';
import { crc32c } from '../protocol/crc32c.ts';
import { syncDirectory, syncFile, writeWhole } from './durable.ts';

const magic = 0x746c_5341; // "ASlt"
const slotDistance = 4096;
const headBytes = 16;

/**
 * A small value that is replaced as a whole and survives a power cut at any moment: two slots in
 * sectors of their own, written in turn; the valid one with the higher sequence counts.
 */
export class SlotFile {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #name: string;
  readonly #path: string;
  readonly #payloadBytes: number;
  #file: DiskFile | undefined;
  #sequence = 0;
  #saving: Promise<void> = Promise.resolve();
  value: Buffer | undefined;

  private constructor(disk: Disk, directory: string, name: string, payloadBytes: number) {
    this.#disk = disk;
    this.#directory = directory;
    this.#name = name;
    this.#path = `${directory}/${name}`;
    this.#payloadBytes = payloadBytes;
  }

  /** The directory must exist. Rejects with `corrupt-log` when no slot of the file is valid. */
  static async open(options: {
    readonly disk: Disk;
    readonly directory: string;
    readonly name: string;
    readonly payloadBytes: number;
  }): Promise<SlotFile> {
    const { disk, directory, name, payloadBytes } = options;
    const slots = new SlotFile(disk, directory, name, payloadBytes);
    await slots.#read();
    return slots;
  }

  /** Resolves once synced. Saves are done one after another. */
  save(value: Buffer): Promise<void> {
    const saved = this.#saving.then(() => this.#write(value));
    this.#saving = saved.catch(() => {});
    return saved;
  }

  async close(): Promise<void> {
    await this.#saving;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #read(): Promise<void> {
    try {
      this.#file = await this.#disk.open(this.#path);
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOENT') return;
      throw error;
    }
    let best: { readonly position: number; readonly bytes: Buffer } | undefined;
    for (const slot of [0, 1]) {
      const bytes = await this.#file.read(slot * slotDistance, headBytes + this.#payloadBytes);
      if (bytes.length < headBytes + this.#payloadBytes) continue;
      const sound = bytes.readUInt32LE(4) === crc32c(bytes, 0, 8);
      if (!sound || bytes.readUInt32LE(0) !== magic) continue;
      const sequence = readU64(bytes, 8);
      if (sequence < this.#sequence) continue;
      this.#sequence = sequence;
      this.value = bytes.subarray(headBytes);
      best = { position: slot * slotDistance, bytes };
    }
    if (best !== undefined) {
      // Written by a process that was killed, or stopped because a sync failed, it may be in the
      // page cache alone, and there look clean. The next save goes over the other slot.
      await this.#file.write(best.position, [best.bytes]);
      await syncFile(this.#file);
      await syncDirectory(this.#disk, this.#directory);
      return;
    }
    throw new BrokerError(
      'corrupt-log',
      `${this.#path} holds no valid state. Restore it, or remove the whole replica's directory.`,
    );
  }

  async #write(value: Buffer): Promise<void> {
    const sequence = this.#sequence + 1;
    const bytes = Buffer.alloc(headBytes + this.#payloadBytes);
    bytes.writeUInt32LE(magic, 0);
    writeU64(bytes, 8, sequence);
    value.copy(bytes, headBytes);
    bytes.writeUInt32LE(crc32c(bytes, 0, 8), 4);
    const position = (sequence % 2) * slotDistance;
    if (this.#file === undefined) {
      this.#file = await this.#create(bytes, position);
    } else {
      await this.#file.write(position, [bytes]);
      await syncFile(this.#file);
    }
    this.#sequence = sequence;
    this.value = bytes.subarray(headBytes);
  }

  /**
   * Under another name first, so that a file of this name always has a valid slot; and at full
   * length, so that no later save needs space.
   */
  #create(bytes: Buffer, position: number): Promise<DiskFile> {
    const whole = Buffer.alloc(slotDistance + bytes.length);
    bytes.copy(whole, position);
    const options = { directory: this.#directory, name: this.#name, chunks: [whole] };
    return writeWhole(this.#disk, options);
  }
}
