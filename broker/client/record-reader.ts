import { BrokerError } from '../errors.ts';
import { batchHeaderBytes, bodyIntact, BatchKind, noKey } from '../protocol/batch.ts';
import { readU64 } from '../protocol/integers.ts';

/** One record of a fetch. Views into what came off the socket: copy what must be kept. */
export interface ConsumedRecord {
  readonly key: Buffer | undefined;
  readonly value: Buffer;
  readonly partition: number;
  readonly offset: number;
  /** When its batch was made, Unix time. */
  readonly timestampMs: number;
}

/**
 * Reads the records of a fetch one by one, from an offset on; a batch's CRC is checked when it is
 * entered, so that nothing corrupt is ever handed out. Can stop after any record and go on later.
 */
export class RecordReader {
  readonly partition: number;
  readonly #bytes: Buffer;
  #batchAt = 0;
  #recordAt = 0;
  #batchEnd = 0;
  #left = 0;
  #offset: number;
  #next: number;
  #term = 0;
  #timestampMs = 0;

  /** `from`: records below it are skipped, since a batch may begin before what was asked for. */
  constructor(options: { readonly batches: Buffer; readonly partition: number; from: number }) {
    this.#bytes = options.batches;
    this.partition = options.partition;
    this.#offset = options.from;
    this.#next = options.from;
  }

  /** Offset behind the last record that was read. */
  get nextOffset(): number {
    return this.#next;
  }

  /** Term of the batch that was entered last; 0 = none yet. */
  get term(): number {
    return this.#term;
  }

  /** The next record, or undefined at the end. Throws `corrupt-batch`. */
  read(): ConsumedRecord | undefined {
    for (;;) {
      while (this.#left === 0) if (!this.#enter()) return undefined;
      const bytes = this.#bytes;
      let at = this.#recordAt;
      this.#require(at + 8);
      const keyLength = bytes.readUInt32LE(at);
      at += 4;
      let key: Buffer | undefined;
      if (keyLength !== noKey) {
        this.#require(at + keyLength + 4);
        key = bytes.subarray(at, at + keyLength);
        at += keyLength;
      }
      const valueLength = bytes.readUInt32LE(at);
      at += 4;
      const end = at + valueLength;
      this.#require(end);
      this.#recordAt = end;
      this.#left--;
      const offset = this.#offset++;
      if (offset < this.#next) continue;
      this.#next = offset + 1;
      const { partition } = this;
      const value = bytes.subarray(at, end);
      return { key, value, partition, offset, timestampMs: this.#timestampMs };
    }
  }

  #enter(): boolean {
    const at = this.#batchAt;
    const bytes = this.#bytes;
    if (at >= bytes.length) return false;
    const length = at + batchHeaderBytes <= bytes.length ? bytes.readUInt32LE(at) : 0;
    if (length < batchHeaderBytes || at + length > bytes.length) {
      throw this.#corrupt('a batch of a fetch does not end where it should');
    }
    const batch = bytes.subarray(at, at + length);
    if (!bodyIntact(batch)) throw this.#corrupt('a batch of a fetch does not match its CRC');
    this.#batchAt = at + length;
    this.#batchEnd = at + length;
    this.#recordAt = at + batchHeaderBytes;
    const records = batch.readUInt8(37) === BatchKind.records;
    this.#left = records ? batch.readUInt32LE(56) : 0;
    this.#offset = readU64(batch, 8);
    this.#term = readU64(batch, 16);
    this.#timestampMs = readU64(batch, 60);
    return true;
  }

  #require(end: number): void {
    if (end > this.#batchEnd) throw this.#corrupt('a record reaches beyond its batch');
  }

  #corrupt(what: string): BrokerError {
    return new BrokerError('corrupt-batch', `partition ${this.partition}: ${what}`);
  }
}
