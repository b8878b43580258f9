import { BatchKind, bodyIntact } from '../protocol/batch.ts';
import { readU64 } from '../protocol/integers.ts';
import type { Entry } from '../raft/types.ts';
import { Runs } from './runs.ts';
import { corrupt } from './segment-format.ts';
import type { Mark } from './segment-format.ts';
import { markEveryBytes } from './segment.ts';
import type { Segment } from './segment.ts';
import { walkBatches } from './walk.ts';

const pieceBytesMin = 65_536;
const pieceBytesMax = 1 << 20;

interface Want {
  readonly segment: Segment;
  /** Nothing of a later index is read. */
  readonly indexMax: number;
  /** At least one batch, then up to about so many bytes. */
  readonly bytesMax: number;
}

/**
 * Entries from `from` on, of one segment. Rejects with `corrupt-log` where a checksum, an index or
 * a term is not what was written.
 */
export async function readEntries(
  want: Want & { readonly from: number; termAt(index: number): number | undefined },
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let bytes = 0;
  await walkSound(want, want.segment.markOfIndex(want.from), want.termAt, (batch, index) => {
    if (index < want.from) return true;
    bytes += batch.length;
    if (entries.length > 0 && bytes > want.bytesMax) return false;
    entries.push({ term: readU64(batch, 16), index, bytes: batch });
    return true;
  });
  return entries;
}

/** Record batches from the one that holds `offset` on, of one segment, back to back. */
export async function readRecordBatches(
  want: Want & { readonly offset: number; termAt(index: number): number | undefined },
): Promise<Buffer> {
  const runs = new Runs();
  await walkSound(want, want.segment.markOfOffset(want.offset), want.termAt, (batch) => {
    if (batch[37] !== BatchKind.records) return true;
    if (readU64(batch, 8) + batch.readUInt32LE(56) <= want.offset) return true;
    if (runs.bytes > 0 && runs.bytes + batch.length > want.bytesMax) return false;
    runs.add(batch);
    return true;
  });
  return runs.join();
}

/** Index of the batch that holds `offset`, in its segment; undefined when it is not there. */
export async function findOffset(
  want: Omit<Want, 'bytesMax'> & {
    readonly offset: number;
    termAt(index: number): number | undefined;
  },
): Promise<number | undefined> {
  let found: number | undefined;
  const whole = { ...want, bytesMax: 0 };
  await walkSound(whole, want.segment.markOfOffset(want.offset), want.termAt, (batch, index) => {
    if (readU64(batch, 8) + batch.readUInt32LE(56) <= want.offset) return true;
    found = index;
    return false;
  });
  return found;
}

async function walkSound(
  want: Want,
  mark: Mark,
  termAt: (index: number) => number | undefined,
  visit: (batch: Buffer, index: number) => boolean,
): Promise<void> {
  const { segment, indexMax } = want;
  if (mark.index > indexMax) return;
  const wanted = want.bytesMax + markEveryBytes;
  const pieceBytes = Math.min(pieceBytesMax, Math.max(pieceBytesMin, wanted));
  const range = { from: mark.position, to: segment.endPosition, pieceBytes };
  let expected = mark.index;
  const walked = await segment.with((file) =>
    walkBatches(file, range, (batch) => {
      if (expected > indexMax) return false;
      if (!bodyIntact(batch)) return 'the checksum of a batch does not match';
      const index = readU64(batch, 24);
      if (index !== expected) return `index ${index} is where ${expected} was written`;
      if (readU64(batch, 16) !== termAt(index)) return `index ${index} is of another term`;
      expected++;
      return visit(batch, index);
    }),
  );
  if (walked.problem === undefined) return;
  throw corrupt(`${segment.path} is damaged at byte ${walked.position}: ${walked.problem}.`);
}
