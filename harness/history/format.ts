import { strict as assert } from 'node:assert';
import { endianness } from 'node:os';

/**
 * The bytes of a history file, `history/<worker>.ackh`.
 *
 *     file   = magic (8 bytes, "ACKHIST2") frame*
 *     frame  = bodyBytes u32 | kind u32 | crc32(body) u32 | headerCheck u32 | body
 *     kinds  = 1 header (JSON, the first frame) | 2 event (JSON, one) | 3 block (binary entries)
 *            | 4 end (empty, the last frame of a file that was closed in good order)
 *
 * Everything is little-endian. Every body is padded to a multiple of 8 (JSON with spaces), so that
 * entries can be read in place as 32-bit words and doubles. The header check covers the three words
 * before it: a damaged length is told from a frame that was cut off by a kill.
 *
 * A block is a run of entries of fixed size by type. `tag` = type | number << 8, where number is
 * the producer, consumer or node; `mark` = flags | partition << 16, partition 0xffff = -1.
 *
 *     invoke    32  tag, key        | sequence f64 | intended f64 | time f64
 *     complete  32  tag, mark       | sequence f64 | offset f64   | time f64
 *     delivery  48  tag, mark | producer u32, key u32 | sequence | offset | intended | time (f64)
 *     ack       24  tag, mark       | offset f64   | time f64      (also assigned, revoked, diverged)
 *     read      32  tag, mark | producer u32, key u32 | sequence f64 | offset f64
 *
 * Flags of complete: bits 0-1 outcome, 2-15 attempts (saturating). Flags of delivery and read:
 * 1 intact, 2 foreign, 4 redelivered.
 *
 * A last frame that is cut off or does not match its checksum is dropped: it never reached the
 * broker, because a frame is in the kernel before its messages go out. Damage anywhere else is an
 * error.
 */
export const magic = Buffer.from('ACKHIST2', 'latin1');

export const frameHeaderBytes = 16;
/** No body is larger; a reader needs one buffer of this size. */
export const frameBodyBytesMax = 1 << 20;

export const FrameKind = { header: 1, event: 2, block: 3, end: 4 } as const;

export const EntryType = {
  invoke: 1,
  complete: 2,
  delivery: 3,
  ack: 4,
  assigned: 5,
  revoked: 6,
  diverged: 7,
  read: 8,
} as const;

/** Bytes of an entry by its type; 0 where no such type exists. */
export const entryBytes: readonly number[] = [0, 32, 32, 48, 24, 24, 24, 24, 32];

export const EntryFlag = { intact: 1, foreign: 2, redelivered: 4 } as const;

export const numberMax = 0xff_ffff;
export const noPartition = 0xffff;
export const attemptsMax = 0x3fff;

/** Mixes the first three words of a frame header (the finalizer of MurmurHash3). */
export function headerCheck(bodyBytes: number, kind: number, crc: number): number {
  let mixed =
    Math.imul(bodyBytes ^ 0x9e37_79b9, 0x85eb_ca6b) ^
    Math.imul(kind + 0x6a09_e667, 0xc2b2_ae35) ^
    crc;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The two views of one buffer; both need it to start on a multiple of 8. */
export interface Views {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
}

export function allocateViews(bytes: number): Views {
  assert(
    endianness() === 'LE',
    'history files are written and read in place on little-endian machines only',
  );
  assert(bytes % 8 === 0);
  const memory = new ArrayBuffer(bytes);
  return {
    bytes: Buffer.from(memory),
    words: new Uint32Array(memory),
    doubles: new Float64Array(memory),
  };
}

export function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}
