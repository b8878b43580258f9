import { writeU32, writeU64 } from './integers.ts';

const blockBytes = 65_536;
const copyBytesMax = 4096;

/**
 * Collects the chunks of raft frames. Small fields and payloads are gathered in blocks, so that a
 * thousand small entries are one chunk; a payload above 4 KiB becomes a chunk itself.
 */
export class RaftFrameWriter {
  #chunks: Buffer[] = [];
  #block: Buffer = Buffer.alloc(0);
  /** Where the part of the block that is in no chunk yet begins. */
  #from = 0;
  #at = 0;
  #lengthBlock: Buffer | undefined;
  #lengthAt = 0;
  /** Bytes of the open frame in finished chunks, and of the open chunk before the frame. */
  #finishedBytes = 0;
  #frameFrom = 0;

  get frameOpen(): boolean {
    return this.#lengthBlock !== undefined;
  }

  /** Of the open frame, without its length. */
  get frameBytes(): number {
    return this.frameOpen ? this.#finishedBytes + (this.#at - this.#frameFrom) - 4 : 0;
  }

  beginFrame(): void {
    this.#endFrame();
    const at = this.#room(4);
    this.#lengthBlock = this.#block;
    this.#lengthAt = at;
    this.#finishedBytes = 0;
    this.#frameFrom = at;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#block[at] = value;
  }

  u32(value: number): void {
    const at = this.#room(4);
    writeU32(this.#block, at, value);
  }

  u64(value: number): void {
    const at = this.#room(8);
    writeU64(this.#block, at, value);
  }

  payload(bytes: Buffer): void {
    if (bytes.length <= copyBytesMax) {
      const at = this.#room(bytes.length);
      bytes.copy(this.#block, at);
      return;
    }
    this.#cut();
    this.#chunks.push(bytes);
    this.#finishedBytes += bytes.length;
  }

  finish(): Buffer[] {
    this.#endFrame();
    this.#cut();
    return this.#chunks;
  }

  #endFrame(): void {
    this.#lengthBlock?.writeUInt32LE(this.frameBytes, this.#lengthAt);
    this.#lengthBlock = undefined;
  }

  /** Ends the open chunk where the next byte would go. */
  #cut(): void {
    if (this.#at > this.#from) this.#chunks.push(this.#block.subarray(this.#from, this.#at));
    this.#finishedBytes += this.#at - this.#frameFrom;
    this.#from = this.#at;
    this.#frameFrom = this.#at;
  }

  /** Fields never straddle blocks: a field that does not fit begins the next one. */
  #room(length: number): number {
    if (this.#at + length > this.#block.length) {
      this.#cut();
      const small = this.#block.length === 0 ? 1024 : blockBytes;
      this.#block = Buffer.allocUnsafe(Math.max(small, length));
      this.#from = 0;
      this.#at = 0;
      this.#frameFrom = 0;
    }
    const at = this.#at;
    this.#at = at + length;
    return at;
  }
}
