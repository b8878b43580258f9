import { crc32c } from './crc32c.ts';
import { readU32, readU64, writeU32, writeU64 } from './integers.ts';

/**
 * A batch: the unit that a producer sends, the log stores, Raft replicates and a consumer gets,
 * the same bytes all the way. Integers are little-endian.
 *
 *     offset size  field            set by
 *          0    4  length           both    bytes of the whole batch, this field included
 *          4    4  headerCrc        broker  CRC32C of bytes 8..32 followed by bytes 0..4
 *          8    8  baseOffset       broker  offset of the first record; the log end if none
 *         16    8  term             broker  Raft term
 *         24    8  index            broker  Raft index
 *         32    4  crc              sender  CRC32C of bytes 36..length, as they came off the wire
 *         36    1  version          sender  1
 *         37    1  kind             sender  `BatchKind`
 *         38    2  attributes       sender  bit 0 transactional, bit 1 control (both 0 for now)
 *         40    8  producerId       sender  0 = not idempotent
 *         48    4  epoch            sender
 *         52    4  baseSequence     sender  sequence of the first record, wraps at 2^31
 *         56    4  recordCount      sender  0 for commands
 *         60    8  timestampMs      sender  Unix time of the first record
 *         68       body             sender
 *
 * The sender leaves the broker's fields zero, so the broker fills them in place in the buffer that
 * came off the socket: nothing is copied and no record is parsed. A record in the body of kind
 * `records` is `u32 keyLength, key, u32 valueLength, value`; keyLength 0xffffffff means no key.
 * Offsets count records only and are dense; commands take an index but no offset.
 */
export const batchHeaderBytes = 68;
const assignedBytes = 32;
const recordBytesMin = 8;
export const batchVersion = 1;
export const noKey = 0xffff_ffff;

export const BatchKind = {
  /** A leader's first entry in its term. */
  noop: 0,
  records: 1,
  /** A command of the partition's state machine: cursor opened, cursor committed. */
  command: 2,
  /** A command of the system group. */
  system: 3,
} as const;
export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind];

export interface BatchHeader {
  readonly length: number;
  readonly baseOffset: number;
  readonly term: number;
  readonly index: number;
  readonly kind: BatchKind;
  readonly producerId: number;
  readonly epoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
  readonly timestampMs: number;
}

export function readBatchHeader(batch: Buffer): BatchHeader {
  return {
    length: readU32(batch, 0),
    baseOffset: readU64(batch, 8),
    term: readU64(batch, 16),
    index: readU64(batch, 24),
    kind: batch.readUInt8(37) as BatchKind,
    producerId: readU64(batch, 40),
    epoch: readU32(batch, 48),
    baseSequence: readU32(batch, 52),
    recordCount: readU32(batch, 56),
    timestampMs: readU64(batch, 60),
  };
}

/**
 * What is wrong with the shape of a batch that a producer sent, in words; undefined when it may be
 * appended. After this `readBatchHeader` cannot fail. The CRC is not checked here (`bodyIntact`).
 */
export function checkProducedBatch(batch: Buffer): string | undefined {
  if (batch.length < batchHeaderBytes) return 'a batch is shorter than its header';
  if (readU32(batch, 0) !== batch.length) return 'a batch does not have the length it claims';
  if (batch[36] !== batchVersion) return `batch version ${batch[36]} is unknown`;
  if (batch[37] !== BatchKind.records) return 'a producer may send batches of records only';
  if (batch.readUInt16LE(38) !== 0) return 'a batch has unknown attributes';
  if (readU32(batch, 44) >= 0x20_0000) return 'a producer id is beyond 2^53';
  if (readU32(batch, 52) > 0x7fff_ffff) return 'a sequence is beyond 2^31';
  if (readU32(batch, 64) >= 0x20_0000) return 'a timestamp is beyond 2^53';
  const count = readU32(batch, 56);
  if (count === 0) return 'a batch has no records';
  if (count * recordBytesMin > batch.length - batchHeaderBytes) {
    return `a batch claims ${count} records, more than it can hold`;
  }
  return undefined;
}

/** Fills the broker's fields in place. */
export function assignBatch(
  batch: Buffer,
  fields: { readonly baseOffset: number; readonly term: number; readonly index: number },
): void {
  writeU64(batch, 8, fields.baseOffset);
  writeU64(batch, 16, fields.term);
  writeU64(batch, 24, fields.index);
  writeU32(batch, 4, headerCrc(batch));
}

/** True when the broker's fields are as the broker wrote them. */
export function headerIntact(batch: Buffer): boolean {
  return readU32(batch, 4) === headerCrc(batch);
}

/** True when everything that came off the wire is as the sender wrote it. */
export function bodyIntact(batch: Buffer): boolean {
  return readU32(batch, 32) === crc32c(batch, 0, 36);
}

/** Writes length and CRC once header and body are in place: the sender's last step. */
export function sealBatch(batch: Buffer): void {
  writeU32(batch, 0, batch.length);
  writeU32(batch, 32, crc32c(batch, 0, 36));
}

/** A sealed batch around `body`; the broker's fields are zero. */
export function createBatch(
  fields: {
    readonly kind: BatchKind;
    readonly recordCount?: number;
    readonly producerId?: number;
    readonly epoch?: number;
    readonly baseSequence?: number;
    readonly timestampMs?: number;
  },
  body: Uint8Array,
): Buffer {
  const batch = Buffer.alloc(batchHeaderBytes + body.length);
  batch.writeUInt8(batchVersion, 36);
  batch.writeUInt8(fields.kind, 37);
  writeU64(batch, 40, fields.producerId ?? 0);
  writeU32(batch, 48, fields.epoch ?? 0);
  writeU32(batch, 52, fields.baseSequence ?? 0);
  writeU32(batch, 56, fields.recordCount ?? 0);
  writeU64(batch, 60, fields.timestampMs ?? 0);
  batch.set(body, batchHeaderBytes);
  sealBatch(batch);
  return batch;
}

function headerCrc(batch: Buffer): number {
  return crc32c(batch, crc32c(batch, 0, 8, assignedBytes), 0, 4);
}
