import { produceResponseBytes, writeProduceResponse } from '../protocol/produce.ts';

const blockBytes = 16_384;

/**
 * Answers of one connection, collected over a turn of the event loop and written as one list of
 * chunks. Produce answers go side by side into a block: no allocation for each.
 */
export class OutputBuffer {
  #chunks: Uint8Array[] = [];
  #block: Buffer | undefined;
  #from = 0;
  #at = 0;
  #bytes = 0;

  /** Bytes collected since the last `take`. */
  get bytes(): number {
    return this.#bytes;
  }

  produceResponse(correlationId: number, baseOffset: number, term: number): void {
    let block = this.#block;
    if (block === undefined || this.#at + produceResponseBytes > block.length) {
      this.#cut();
      block = this.#block = Buffer.allocUnsafeSlow(blockBytes);
      this.#from = 0;
      this.#at = 0;
    }
    this.#at = writeProduceResponse(block, this.#at, { correlationId, baseOffset, term });
    this.#bytes += produceResponseBytes;
  }

  chunks(chunks: readonly Uint8Array[]): void {
    this.#cut();
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    }
  }

  /** What was collected, in order; the block's free rest stays in use. */
  take(): readonly Uint8Array[] {
    this.#cut();
    const taken = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    return taken;
  }

  #cut(): void {
    if (this.#block === undefined || this.#at === this.#from) return;
    this.#chunks.push(this.#block.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
