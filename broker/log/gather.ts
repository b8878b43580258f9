const copyBytesMax = 4096;
const blockBytesMin = 4096;
const blockBytesMax = 262_144;

/**
 * Puts what waits to be written back to back, so that thousands of small batches are one chunk of
 * one `writev`. A small batch is copied into a block, for a second reason: it arrived as a slice
 * of a big receive buffer, which keeping the slice in memory would pin. Bigger ones are passed on.
 */
export class Gather {
  #block: Buffer = Buffer.alloc(0);
  #from = 0;
  #at = 0;
  #chunks: Buffer[] = [];

  /** Adds bytes; returns where they now are, for keeping. */
  place(bytes: Buffer): Buffer {
    const length = bytes.length;
    if (length > copyBytesMax) {
      this.#cut();
      this.#chunks.push(bytes);
      return bytes;
    }
    if (this.#at + length > this.#block.length) this.#nextBlock();
    const at = this.#at;
    this.#at = at + length;
    this.#block.set(bytes, at);
    return this.#block.subarray(at, this.#at);
  }

  /** Chunks of what was placed since the last call. */
  take(): Buffer[] {
    this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  #cut(): void {
    if (this.#at > this.#from) this.#chunks.push(this.#block.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }

  /** Blocks grow with use, so that a log with little traffic holds little memory. */
  #nextBlock(): void {
    this.#cut();
    const bytes = Math.min(blockBytesMax, Math.max(blockBytesMin, this.#block.length * 2));
    this.#block = Buffer.allocUnsafeSlow(bytes);
    this.#from = 0;
    this.#at = 0;
  }
}

/** True for bytes that `place` copied into a block: they pin no memory but their own. */
export function isGathered(bytes: Buffer): boolean {
  return bytes.length <= copyBytesMax;
}
