import { BrokerError } from '../errors.ts';
import { readU64, writeU64 } from '../protocol/integers.ts';
import { crc32c } from '../protocol/crc32c.ts';
import type { TermRange } from './terms.ts';

/**
 * A segment file: a header of 64 bytes, then batches back to back.
 *
 *     offset size field
 *          0    8 magic       "AckwLog\n"
 *          8    4 version     1
 *         12    4 crc         CRC32C of bytes 16..64
 *         16    8 baseIndex   index of the first entry
 *         24    8 baseOffset  offset of the first record
 *         32    8 previousTerm term of the entry before
 *         40    8 generation  of the log, see `LogStart`
 *         48   16 zero
 *
 * It comes into being under another name and is renamed once synced, so that a segment file always
 * has a whole header. A segment exists only once all before it are synced, in every flush mode.
 */
export interface SegmentHeader {
  readonly baseIndex: number;
  readonly baseOffset: number;
  readonly previousTerm: number;
  readonly generation: number;
}

export const segmentHeaderBytes = 64;
const magic = Buffer.from('AckwLog\n', 'latin1');
const version = 1;

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(version, 8);
  writeU64(bytes, 16, header.baseIndex);
  writeU64(bytes, 24, header.baseOffset);
  writeU64(bytes, 32, header.previousTerm);
  writeU64(bytes, 40, header.generation);
  bytes.writeUInt32LE(crc32c(bytes, 0, 16), 12);
  return bytes;
}

/** Throws `corrupt-log` when the bytes are not the header of a segment of this version. */
export function decodeSegmentHeader(bytes: Buffer, path: string): SegmentHeader {
  if (bytes.length < segmentHeaderBytes || !bytes.subarray(0, 8).equals(magic)) {
    throw corrupt(`${path} is not a log segment: it does not begin as one.`);
  }
  const found = bytes.readUInt32LE(8);
  if (found !== version) {
    throw corrupt(`${path} is a log segment of version ${found}; this broker reads ${version}.`);
  }
  if (bytes.readUInt32LE(12) !== crc32c(bytes, 0, 16, segmentHeaderBytes)) {
    throw corrupt(`${path} is damaged at byte 0: the checksum of its header does not match.`);
  }
  return {
    baseIndex: readU64(bytes, 16),
    baseOffset: readU64(bytes, 24),
    previousTerm: readU64(bytes, 32),
    generation: readU64(bytes, 40),
  };
}

export function corrupt(message: string): BrokerError {
  return new BrokerError('corrupt-log', message);
}

/** File names of a log sort as their indexes do. */
export function fileName(index: number, kind: 'log' | 'index' | 'snapshot'): string {
  return `${String(index).padStart(20, '0')}.${kind}`;
}

/** Index in a file name of this kind; undefined for any other name. */
export function indexInName(name: string, kind: 'log' | 'index' | 'snapshot'): number | undefined {
  const match = /^(\d{20})\.([a-z]+)$/.exec(name);
  return match?.[2] === kind ? Number(match[1]) : undefined;
}

/** Where a batch begins: its index, its base offset and its position in the file. */
export interface Mark {
  readonly index: number;
  readonly offset: number;
  readonly position: number;
}

/** What is known of a segment that is complete; kept beside it so that opening need not read it. */
export interface SealedSegment {
  readonly endPosition: number;
  readonly lastIndex: number;
  readonly nextOffset: number;
  readonly sealedAtMs: number;
  readonly terms: readonly TermRange[];
  readonly marks: readonly Mark[];
}

const indexMagic = 0x7864_4941; // "AIdx"

/** `u32 magic, u32 crc of the rest`, then the numbers of `SealedSegment` as u64. */
export function encodeSealed(sealed: SealedSegment): Buffer {
  const numbers = [sealed.endPosition, sealed.lastIndex, sealed.nextOffset, sealed.sealedAtMs];
  numbers.push(sealed.terms.length);
  for (const range of sealed.terms) numbers.push(range.index, range.offset, range.term);
  numbers.push(sealed.marks.length);
  for (const mark of sealed.marks) numbers.push(mark.index, mark.offset, mark.position);
  const bytes = Buffer.alloc(8 + numbers.length * 8);
  bytes.writeUInt32LE(indexMagic, 0);
  numbers.forEach((value, at) => writeU64(bytes, 8 + at * 8, value));
  bytes.writeUInt32LE(crc32c(bytes, 0, 8), 4);
  return bytes;
}

/** Undefined for anything but a whole index file: it can always be made anew from its segment. */
export function decodeSealed(bytes: Buffer): SealedSegment | undefined {
  if (bytes.length < 8 || bytes.length % 8 !== 0 || bytes.readUInt32LE(0) !== indexMagic) {
    return undefined;
  }
  if (bytes.readUInt32LE(4) !== crc32c(bytes, 0, 8)) return undefined;
  let at = 0;
  const next = (): number => readU64(bytes, (at += 8));
  const [endPosition, lastIndex, nextOffset, sealedAtMs] = [next(), next(), next(), next()];
  const terms: TermRange[] = [];
  for (let left = next(); left > 0; left--) {
    terms.push({ index: next(), offset: next(), term: next() });
  }
  const marks: Mark[] = [];
  for (let left = next(); left > 0; left--) {
    marks.push({ index: next(), offset: next(), position: next() });
  }
  return { endPosition, lastIndex, nextOffset, sealedAtMs, terms, marks };
}
