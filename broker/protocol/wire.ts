import { readU32, writeU32, writeU64 } from './integers.ts';
import { ProtocolError } from './protocol-error.ts';

const twoTo32 = 0x1_0000_0000;
const u64HighMax = 0x20_0000;

/**
 * Reads one message front to back, all little-endian. Every read is checked against the end, so
 * that garbage gives a `ProtocolError` and nothing else.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, from = 0) {
    this.#bytes = bytes;
    this.#at = from;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  bool(): boolean {
    const value = this.u8();
    if (value > 1) throw invalid(`a flag is ${value}, not 0 or 1`);
    return value === 1;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#advance(2));
  }

  u32(): number {
    return readU32(this.#bytes, this.#advance(4));
  }

  /** A 64-bit number below 2^53. */
  u64(): number {
    const at = this.#advance(8);
    const high = readU32(this.#bytes, at + 4);
    if (high >= u64HighMax) throw invalid('a 64-bit number is beyond 2^53');
    return high * twoTo32 + readU32(this.#bytes, at);
  }

  /** A whole number that may be negative. */
  integer(): number {
    const value = this.f64();
    if (!Number.isSafeInteger(value)) throw invalid('a number is not a whole one');
    return value;
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  string(): string {
    const length = this.u16();
    const at = this.#advance(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** A slice of the message, not a copy. */
  slice(length: number): Buffer {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Everything that is left, not a copy. */
  rest(): Buffer {
    return this.slice(this.left);
  }

  /**
   * A count of elements that take at least `bytesEach`: a count that the message cannot hold is
   * refused before anything is allocated for it.
   */
  count(bytesEach: number): number {
    const count = this.u32();
    if (count * bytesEach > this.left) throw invalid(`a list claims ${count} elements`);
    return count;
  }

  end(): void {
    if (this.left > 0) throw invalid(`${this.left} bytes too many`);
  }

  #advance(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw invalid('it ends too early');
    this.#at = at + length;
    return at;
  }
}

/** Writes one frame into a buffer that grows; the first four bytes are kept for its length. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(256);
  #at = 4;
  #tail: Buffer | undefined;

  u8(value: number): void {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  u16(value: number): void {
    const at = this.#room(2);
    this.#bytes.writeUInt16LE(value, at);
  }

  u32(value: number): void {
    if (value >>> 0 !== value) throw invalid(`${value} is not a whole number below 2^32`);
    const at = this.#room(4);
    writeU32(this.#bytes, at, value);
  }

  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw invalid(`${value} is not below 2^53`);
    const at = this.#room(8);
    writeU64(this.#bytes, at, value);
  }

  integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw invalid(`${value} is not a whole number`);
    this.f64(value);
  }

  f64(value: number): void {
    const at = this.#room(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    if (length > 0xffff) throw invalid(`a string of ${length} bytes is too long`);
    this.u16(length);
    const at = this.#room(length);
    this.#bytes.write(value, at, 'utf8');
  }

  bytes(value: Buffer): void {
    const at = this.#room(value.length);
    value.copy(this.#bytes, at);
  }

  /** The last bytes of the frame, passed on as they are: a chunk of its own, not a copy. */
  tail(value: Buffer): void {
    this.#tail = value;
  }

  /** Chunks of one whole frame, for `Connection.write`. */
  frame(): Buffer[] {
    const head = this.#bytes.subarray(0, this.#at);
    const tail = this.#tail;
    head.writeUInt32LE(this.#at - 4 + (tail?.length ?? 0), 0);
    return tail === undefined ? [head] : [head, tail];
  }

  #room(length: number): number {
    const at = this.#at;
    const end = at + length;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    this.#at = end;
    return at;
  }
}

export function invalid(what: string): ProtocolError {
  return new ProtocolError('invalid-request', `A message is malformed: ${what}.`);
}
