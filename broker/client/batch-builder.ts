import { assert } from '../assert.ts';
import { batchHeaderBytes, batchVersion, BatchKind, noKey, sealBatch } from '../protocol/batch.ts';
import { writeU64 } from '../protocol/integers.ts';

const recordHeadBytes = 8;
const firstBytes = 2048;
/** Up to here a plain loop beats the call into native code. */
const copyByHandMax = 16;

/** Bytes that a record takes in a batch. */
export function recordBytes(key: Uint8Array | undefined, value: Uint8Array): number {
  return recordHeadBytes + (key?.length ?? 0) + value.length;
}

/** Gathers records into the body of one batch; the buffer doubles as it fills. */
export class BatchBuilder {
  #bytes: Buffer;
  #at = batchHeaderBytes;
  #records = 0;

  /** `expectedBytes` sizes the first allocation: what batches came to lately. */
  constructor(expectedBytes = firstBytes) {
    this.#bytes = Buffer.allocUnsafe(Math.max(expectedBytes, batchHeaderBytes + recordHeadBytes));
  }

  get records(): number {
    return this.#records;
  }

  /** Of the whole batch as it is now. */
  get bytes(): number {
    return this.#at;
  }

  append(key: Uint8Array | undefined, value: Uint8Array): void {
    const end = this.#at + recordBytes(key, value);
    if (end > this.#bytes.length) this.#grow(end);
    const bytes = this.#bytes;
    let at = this.#at;
    if (key === undefined) {
      bytes.writeUInt32LE(noKey, at);
      at += 4;
    } else {
      bytes.writeUInt32LE(key.length, at);
      at += 4;
      if (key.length <= copyByHandMax) {
        for (let from = 0; from < key.length; from++) bytes[at + from] = key[from]!;
      } else bytes.set(key, at);
      at += key.length;
    }
    bytes.writeUInt32LE(value.length, at);
    bytes.set(value, at + 4);
    this.#at = end;
    this.#records++;
  }

  /** The batch, not sealed yet: `identifyBatch` does that once it is known who sends it. */
  finish(timestampMs: number): Buffer {
    assert(this.#records > 0, 'a batch of records holds at least one');
    const batch = this.#bytes.subarray(0, this.#at);
    batch.fill(0, 0, batchHeaderBytes);
    batch.writeUInt8(batchVersion, 36);
    batch.writeUInt8(BatchKind.records, 37);
    batch.writeUInt32LE(this.#records, 56);
    writeU64(batch, 60, timestampMs);
    return batch;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

/** Writes who sent the batch and seals it; may be done again for another epoch. */
export function identifyBatch(
  batch: Buffer,
  producer: { readonly producerId: number; readonly epoch: number; readonly baseSequence: number },
): void {
  writeU64(batch, 40, producer.producerId);
  batch.writeUInt32LE(producer.epoch, 48);
  batch.writeUInt32LE(producer.baseSequence, 52);
  sealBatch(batch);
}
