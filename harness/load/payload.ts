import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

import { payloadBytesMin } from '../scenario/schema.ts';

/**
 * A message says of itself who sent it, in which run, when it was due, and whether it is whole:
 *
 *     magic u32 | checksum u32 | run u32 u32 | producer u32 | key u32 | sequence f64 |
 *     intended f64 (nanoseconds) | length u32 | 0 u32 | filler
 *
 * little-endian; the checksum is the CRC-32 of all bytes after it. The filler is a piece of a
 * random pool, another one for each message, so that no broker compresses it away.
 */
const magic = 0x3150_4b41;
const headerBytes = 48;
const checksumEnd = 8;
const poolBytesMin = 65_536;
const poolStep = 61;

/** A payload that is written again and again in place. */
export interface PayloadSlot {
  readonly payload: Buffer;
  readonly covered: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
}

export class PayloadWriter {
  readonly #bytes: number;
  readonly #pool: Buffer;
  readonly #run: readonly [number, number];
  readonly #producer: number;

  constructor(options: {
    readonly run: string;
    readonly producer: number;
    readonly sizeBytes: number;
    readonly seed: number;
  }) {
    assert(options.sizeBytes >= payloadBytesMin, `a payload has at least ${payloadBytesMin} bytes`);
    this.#bytes = options.sizeBytes;
    this.#run = hashOf(options.run);
    this.#producer = options.producer;
    const generator = xoroshiro128plus(options.seed | 0);
    const words = new Int32Array(Math.ceil((poolBytesMin + options.sizeBytes) / 4));
    for (let index = 0; index < words.length; index++) words[index] = generator.next();
    this.#pool = Buffer.from(words.buffer);
  }

  slot(): PayloadSlot {
    const memory = new ArrayBuffer((this.#bytes + 7) & ~7);
    const payload = Buffer.from(memory, 0, this.#bytes);
    const words = new Uint32Array(memory);
    words[0] = magic;
    words[2] = this.#run[0];
    words[3] = this.#run[1];
    words[4] = this.#producer;
    words[10] = this.#bytes;
    return {
      payload,
      covered: payload.subarray(checksumEnd),
      words,
      doubles: new Float64Array(memory),
    };
  }

  write(slot: PayloadSlot, sequence: number, key: number, intended: number): void {
    const { words, doubles } = slot;
    const from = (sequence * poolStep) % poolBytesMin;
    this.#pool.copy(slot.payload, headerBytes, from, from + this.#bytes - headerBytes);
    words[5] = key;
    doubles[3] = sequence;
    doubles[4] = intended;
    words[1] = crc32(slot.covered);
  }
}

/** Reads payloads of one run into its own fields, valid until the next `read`. */
export class PayloadReader {
  readonly #run: readonly [number, number];
  producer = 0;
  sequence = 0;
  key = 0;
  intended = 0;
  intact = false;
  foreign = false;

  constructor(run: string) {
    this.#run = hashOf(run);
  }

  /** Where the payload is not intact the other fields are what its bytes say, or 0. */
  read(payload: Buffer): void {
    const whole = payload.length >= payloadBytesMin;
    this.producer = whole ? payload.readUInt32LE(16) : 0;
    this.key = whole ? payload.readUInt32LE(20) : 0;
    this.sequence = whole ? payload.readDoubleLE(24) : 0;
    this.intended = whole ? payload.readDoubleLE(32) : 0;
    this.intact =
      whole &&
      payload.readUInt32LE(0) === magic &&
      payload.readUInt32LE(40) === payload.length &&
      payload.readUInt32LE(4) === crc32(payload.subarray(checksumEnd));
    this.foreign =
      whole &&
      (payload.readUInt32LE(8) !== this.#run[0] || payload.readUInt32LE(12) !== this.#run[1]);
    if (this.intact) return;
    if (!Number.isSafeInteger(this.sequence)) this.sequence = 0;
    if (!Number.isFinite(this.intended)) this.intended = 0;
  }
}

/** The key of a message: seeded, evenly spread, and a function of its sequence alone. */
export function keyOf(seed: number, sequence: number, keys: number): number {
  let mixed = (sequence ^ Math.imul(seed, 0x9e37_79b1)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % keys;
}

function hashOf(run: string): readonly [number, number] {
  const digest = createHash('sha256').update(run).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
