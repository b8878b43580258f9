import type { Disk } from '../env/disk.ts';
import { batchHeaderBytes, bodyIntact, headerIntact } from '../protocol/batch.ts';
import { readBatchHeader } from '../protocol/batch.ts';
import { readU64 } from '../protocol/integers.ts';
import { makeLogDirectory } from './directory.ts';
import { syncDirectory } from './durable.ts';
import { LogStartFile } from './log-start.ts';
import type { LogStart } from './log-start.ts';
import { markEveryBytes, Segment } from './segment.ts';
import { corrupt, decodeSealed, decodeSegmentHeader, fileName } from './segment-format.ts';
import { indexInName, segmentHeaderBytes } from './segment-format.ts';
import { settleTail } from './settle-tail.ts';
import { SnapshotStore } from './snapshots.ts';
import { SyncedMark } from './synced-mark.ts';
import { TermRanges } from './terms.ts';
import { walkBatches } from './walk.ts';

/** A log as it was found on disk, made sound. */
export interface Recovered {
  readonly startFile: LogStartFile;
  readonly start: LogStart;
  /** At least one; the last is open for writing. */
  readonly segments: Segment[];
  readonly terms: TermRanges;
  readonly snapshots: SnapshotStore;
  readonly lastIndex: number;
  readonly nextOffset: number;
  /** Cut off the end: what a crash had left half written. */
  readonly tornBytes: number;
  readonly syncedMark: SyncedMark;
  /**
   * With `strict` only. It was synced up to here once, and ends before; infinite when that cannot be
   * told.
   */
  readonly lacksUpTo: number | undefined;
}

const scanPieceBytes = 1 << 20;
const halfMade = /^(log-start|synced|\d{20}\.(log|snapshot))\.tmp$/;

/**
 * Opens what is on disk. What a crash can leave is repaired: half-made files, a torn tail, a
 * replacement or removal that was under way. Anything else, damage in the middle or a file that is
 * missing, is refused with `corrupt-log`.
 *
 * A damaged batch in the last segment is a torn tail when no sound batch follows it. With `strict`
 * (flush `sync`) a sound one behind it proves that synced data was damaged: there is never more
 * than one write that is not synced, and a crash leaves a prefix of it. In the other modes the
 * kernel writes back in any order, so the log ends at the first damage either way.
 */
export async function recover(
  disk: Disk,
  directory: string,
  options: { readonly strict: boolean },
): Promise<Recovered> {
  await makeLogDirectory(disk, directory);
  for (const name of await disk.list(directory)) {
    if (halfMade.test(name)) await disk.remove(`${directory}/${name}`);
  }
  const startFile = await LogStartFile.open(disk, directory);
  const syncedMark = await SyncedMark.open(disk, directory);
  if (startFile.start === undefined) await syncedMark.save(0);
  const start = await settleStart(disk, directory, startFile);
  const snapshots = new SnapshotStore(disk, directory, await disk.list(directory));
  const segments = await readHeaders(disk, directory, start);

  const terms = new TermRanges({
    index: start.index - 1,
    offset: start.offset,
    term: start.previousTerm,
  });
  let nextIndex = start.index;
  let nextOffset = start.offset;
  let tornBytes = 0;
  for (const [at, segment] of segments.entries()) {
    const { baseIndex, baseOffset, previousTerm } = segment.header;
    if (baseIndex !== nextIndex) {
      const name = fileName(nextIndex, 'log');
      throw corrupt(`${directory}/${name} is missing: the next segment is ${segment.name}.`);
    }
    if (baseOffset !== nextOffset || previousTerm !== terms.lastTerm) {
      throw corrupt(`${segment.path} does not continue the segment before it.`);
    }
    const isLast = at === segments.length - 1;
    const found = await readSegment(segment, { terms, isLast, strict: options.strict });
    nextIndex = found.nextIndex;
    nextOffset = found.nextOffset;
    tornBytes += found.tornBytes;
  }
  await snapshots.settle((mark) => {
    const known = mark.index >= start.index - 1 && mark.index < nextIndex;
    return known && terms.termAt(mark.index) === mark.term;
  });
  if (start.index > 1 && (await snapshots.latest(nextIndex - 1)) === undefined) {
    throw corrupt(`${directory} begins at index ${start.index}, but the snapshot is missing.`);
  }
  const lastIndex = nextIndex - 1;
  const segment = segments.at(-1)!;
  await segment.open();
  const termAt = (index: number): number => terms.termAt(index);
  await settleTail({ segment, lastIndex, tornBytes, mark: syncedMark, termAt });
  await syncDirectory(disk, directory);
  const lacksUpTo = await markSynced(syncedMark, { lastIndex, strict: options.strict });
  const found = { startFile, start, segments, terms, snapshots, lastIndex, nextOffset, tornBytes };
  return { ...found, syncedMark, lacksUpTo };
}

/**
 * Writes down what is synced now; and with `strict` how far it once was, where the log ends before
 * that. A log that was filled up to there again meanwhile lacks nothing: its entries are those of a
 * leader, which had all that was committed.
 */
async function markSynced(
  mark: SyncedMark,
  found: { readonly lastIndex: number; readonly strict: boolean },
): Promise<number | undefined> {
  const { lastIndex, strict } = found;
  const { vouchedIndex = Number.POSITIVE_INFINITY } = mark;
  if (vouchedIndex <= lastIndex || !strict) {
    await mark.save(lastIndex);
    return undefined;
  }
  if (Number.isFinite(vouchedIndex)) await mark.save(lastIndex, vouchedIndex);
  mark.hold();
  return vouchedIndex;
}

/** Makes the first segment of a new log or generation and finishes what a crash interrupted. */
async function settleStart(disk: Disk, directory: string, file: LogStartFile): Promise<LogStart> {
  const names = await disk.list(directory);
  let start = file.start;
  if (start === undefined) {
    const orphan = names.find((name) => indexInName(name, 'log') !== undefined);
    if (orphan !== undefined) throw corrupt(`${directory}/log-start is missing beside ${orphan}.`);
    start = { index: 1, offset: 0, previousTerm: 0, generation: 0, pending: true };
    await file.save(start);
  }
  if (start.pending) {
    await removeOtherGenerations(disk, directory, start);
    await createFirst(disk, directory, start);
    start = { ...start, pending: false };
    await file.save(start);
    return start;
  }
  for (const name of names) {
    const index = indexInName(name, 'log') ?? indexInName(name, 'index');
    if (index !== undefined && index < start.index) await disk.remove(`${directory}/${name}`);
  }
  await syncDirectory(disk, directory);
  return start;
}

/** Drops what a snapshot from the leader replaces: other generations, other snapshots. */
export async function removeOtherGenerations(
  disk: Disk,
  directory: string,
  start: LogStart,
): Promise<void> {
  for (const name of await disk.list(directory)) {
    const path = `${directory}/${name}`;
    const snapshot = indexInName(name, 'snapshot');
    const isOther =
      (indexInName(name, 'log') !== undefined &&
        (await readHeader(disk, path)).generation !== start.generation) ||
      indexInName(name, 'index') !== undefined ||
      (snapshot !== undefined && snapshot !== start.index - 1);
    if (isOther) await disk.remove(path);
  }
  await syncDirectory(disk, directory);
}

async function createFirst(disk: Disk, directory: string, start: LogStart): Promise<void> {
  if ((await disk.list(directory)).includes(fileName(start.index, 'log'))) return;
  const segment = new Segment(disk, directory, {
    baseIndex: start.index,
    baseOffset: start.offset,
    previousTerm: start.previousTerm,
    generation: start.generation,
  });
  await segment.create();
  segment.release();
}

async function readHeaders(disk: Disk, directory: string, start: LogStart): Promise<Segment[]> {
  const segments: Segment[] = [];
  for (const name of await disk.list(directory)) {
    const index = indexInName(name, 'log');
    if (index === undefined) continue;
    const path = `${directory}/${name}`;
    const header = await readHeader(disk, path);
    if (header.baseIndex !== index || header.generation !== start.generation) {
      throw corrupt(`${path} belongs to another log: its header does not fit its name.`);
    }
    segments.push(new Segment(disk, directory, header));
  }
  if (segments.length > 0) return segments;
  throw corrupt(`${directory}/${fileName(start.index, 'log')} is missing.`);
}

async function readHeader(
  disk: Disk,
  path: string,
): Promise<ReturnType<typeof decodeSegmentHeader>> {
  const file = await disk.open(path);
  try {
    return decodeSegmentHeader(await file.read(0, segmentHeaderBytes), path);
  } finally {
    await file.close();
  }
}

interface Found {
  readonly nextIndex: number;
  readonly nextOffset: number;
  readonly tornBytes: number;
}

/** From its index file when there is one, else by reading all of it. */
async function readSegment(
  segment: Segment,
  options: { readonly terms: TermRanges; readonly isLast: boolean; readonly strict: boolean },
): Promise<Found> {
  const { terms, isLast } = options;
  const index = await segment.readIndex();
  const sealed = index === undefined ? undefined : decodeSealed(index);
  if (sealed === undefined) return scanSegment(segment, options);
  if (isLast) throw corrupt(`A segment is missing: ${segment.path} is not the last of its log.`);
  const size = await segment.with((file) => Promise.resolve(file.size));
  if (size !== sealed.endPosition) {
    throw corrupt(`${segment.path} has ${size} bytes where ${sealed.endPosition} were written.`);
  }
  for (const range of sealed.terms) terms.append(range.index, range.offset, range.term);
  segment.marks.splice(0, segment.marks.length, ...sealed.marks);
  segment.endPosition = sealed.endPosition;
  segment.plannedEnd = sealed.endPosition;
  segment.sealedAtMs = sealed.sealedAtMs;
  return { nextIndex: sealed.lastIndex + 1, nextOffset: sealed.nextOffset, tornBytes: 0 };
}

async function scanSegment(
  segment: Segment,
  options: { readonly terms: TermRanges; readonly isLast: boolean; readonly strict: boolean },
): Promise<Found> {
  const { terms, isLast, strict } = options;
  let nextIndex = segment.header.baseIndex;
  let nextOffset = segment.header.baseOffset;
  return segment.with(async (file) => {
    const range = { from: segmentHeaderBytes, to: file.size, pieceBytes: scanPieceBytes };
    const { position, problem } = await walkBatches(file, range, (batch, at) => {
      if (!bodyIntact(batch)) return 'the checksum of a batch does not match';
      const header = readBatchHeader(batch);
      if (header.index !== nextIndex) return `index ${header.index} follows ${nextIndex - 1}`;
      if (header.baseOffset !== nextOffset) return 'an offset does not follow the one before';
      if (header.term < terms.lastTerm) return 'a term is below the one before';
      terms.append(header.index, header.baseOffset, header.term);
      if (at - segment.marks.at(-1)!.position >= markEveryBytes) {
        segment.marks.push({ index: nextIndex, offset: nextOffset, position: at });
      }
      nextIndex = header.index + 1;
      nextOffset += header.recordCount;
      segment.sealedAtMs = Math.max(segment.sealedAtMs, header.timestampMs);
      return true;
    });
    segment.endPosition = position;
    segment.plannedEnd = position;
    segment.markedEnd = segment.marks.at(-1)!.position;
    const tornBytes = file.size - position;
    if (problem === undefined) return { nextIndex, nextOffset, tornBytes };
    const where = `${segment.path} is damaged at byte ${position}: ${problem}`;
    if (!isLast) throw corrupt(`${where}, and newer segments follow.`);
    if (strict) {
      const sound = await findSoundBatch(file, { from: position, to: file.size, nextIndex });
      if (sound !== undefined) throw corrupt(`${where}, and sound data follows at byte ${sound}.`);
    }
    return { nextIndex, nextOffset, tornBytes };
  });
}

/** Position of a whole batch of a later index, wherever it may begin: lengths cannot be trusted. */
async function findSoundBatch(
  file: { read(position: number, length: number): Promise<Buffer> },
  range: { readonly from: number; readonly to: number; readonly nextIndex: number },
): Promise<number | undefined> {
  const bytes = await file.read(range.from, range.to - range.from);
  const indexMax = range.nextIndex + bytes.length / batchHeaderBytes;
  for (let at = 0; at + batchHeaderBytes <= bytes.length; at++) {
    const length = bytes.readUInt32LE(at);
    if (length < batchHeaderBytes || length > bytes.length - at || bytes[at + 36] !== 1) continue;
    const batch = bytes.subarray(at, at + length);
    if (!headerIntact(batch) || !bodyIntact(batch)) continue;
    const index = readU64(batch, 24);
    if (index >= range.nextIndex && index <= indexMax) return range.from + at;
  }
  return undefined;
}
