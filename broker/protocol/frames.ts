import { readU32 } from './integers.ts';
import { ProtocolError } from './protocol-error.ts';

const prefixBytes = 4;
const firstAllocationBytes = 262_144;

/** A frame without its length: the bytes `from` up to `to`. */
export type OnSpan = (bytes: Buffer, from: number, to: number) => void;

/**
 * Cuts a byte stream into frames (`u32 length`, then so many bytes). A frame that lies inside one
 * chunk is passed on where it lies; only one that straddles chunks is copied, into a buffer that
 * grows with what has really arrived, so that a length alone claims no memory. Either way the
 * frame belongs to the receiver, who may keep it and write into it: chunks that are pushed must
 * not be used again by the caller.
 */
export class SpanReader {
  readonly #frameBytesMax: number;
  readonly #onSpan: OnSpan;
  /** A frame of which the beginning has arrived, prefix included. */
  #partial = Buffer.alloc(0);
  #partialBytes = 0;
  #failed = false;

  /** `frameBytesMax` counts what follows the length. */
  constructor(frameBytesMax: number, onSpan: OnSpan) {
    this.#frameBytesMax = frameBytesMax;
    this.#onSpan = onSpan;
  }

  /** Bytes held back because their frame is not complete. */
  get waitingBytes(): number {
    return this.#partialBytes;
  }

  /**
   * Hands on each frame that is now complete. Throws `ProtocolError` `too-large` for a
   * length beyond the limit; the stream cannot be read any further then, so it throws again at
   * each later push.
   */
  push(chunk: Buffer): void {
    if (this.#failed) throw new ProtocolError('invalid-request', 'The stream of frames is broken.');
    let at = 0;
    while (this.#partialBytes > 0 && at < chunk.length) at = this.#continue(chunk, at);
    while (chunk.length - at >= prefixBytes) {
      const from = at + prefixBytes;
      const end = from + this.#checked(readU32(chunk, at));
      if (end > chunk.length) break;
      at = end;
      this.#onSpan(chunk, from, end);
    }
    if (at < chunk.length) this.#take(chunk, at, chunk.length - at);
  }

  /** Takes what the partial frame lacks, first of its prefix and then of the rest. */
  #continue(chunk: Buffer, at: number): number {
    if (this.#partialBytes < prefixBytes) {
      at = this.#take(chunk, at, prefixBytes - this.#partialBytes);
      if (this.#partialBytes < prefixBytes) return at;
    }
    const end = prefixBytes + this.#checked(readU32(this.#partial, 0));
    at = this.#take(chunk, at, end - this.#partialBytes);
    if (this.#partialBytes === end) {
      const whole = this.#partial;
      this.#partial = Buffer.alloc(0);
      this.#partialBytes = 0;
      this.#onSpan(whole, prefixBytes, end);
    }
    return at;
  }

  #take(chunk: Buffer, at: number, lacking: number): number {
    const end = at + Math.min(lacking, chunk.length - at);
    const bytes = this.#partialBytes + (end - at);
    if (bytes > this.#partial.length) {
      const whole = bytes >= prefixBytes ? this.#wholeLength(chunk, at) : prefixBytes;
      const doubled = Math.max(firstAllocationBytes, 2 * this.#partial.length);
      const grown = Buffer.allocUnsafe(Math.max(bytes, Math.min(whole, doubled)));
      this.#partial.copy(grown, 0, 0, this.#partialBytes);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#partialBytes, at, end);
    this.#partialBytes = bytes;
    return end;
  }

  /** Of the partial frame, prefix included; only sizes an allocation. */
  #wholeLength(chunk: Buffer, at: number): number {
    if (this.#partialBytes >= prefixBytes) return prefixBytes + readU32(this.#partial, 0);
    return this.#partialBytes === 0 ? prefixBytes + readU32(chunk, at) : prefixBytes;
  }

  #checked(length: number): number {
    if (length <= this.#frameBytesMax) return length;
    this.#failed = true;
    throw new ProtocolError(
      'too-large',
      `A frame of ${length} bytes exceeds the limit of ${this.#frameBytesMax}.`,
    );
  }
}

/** As `SpanReader`, for those to whom a slice for each frame is no cost that counts. */
export class FrameReader extends SpanReader {
  constructor(frameBytesMax: number, onFrame: (frame: Buffer) => void) {
    super(frameBytesMax, (bytes, from, to) => onFrame(bytes.subarray(from, to)));
  }
}
