import { readEntries } from './disk-read.ts';
import { syncFile } from './durable.ts';
import type { Segment } from './segment.ts';
import type { SyncedMark } from './synced-mark.ts';

const pieceBytes = 1 << 20;

/**
 * Makes the end of a log durable as recovery has found it.
 *
 * What is read at a start comes from the page cache. There a sync that failed in an earlier life
 * has left, marked clean, what never reached the disk, and the next sync succeeds without writing
 * it (Rebello et al., "Can Applications Recover from fsync Failures?", 2020; PostgreSQL's
 * "fsyncgate", 2018). So whatever no sync of ours is known to have covered is written again, the
 * very bytes that were checked, and then synced; so is the length of the file. A crash in the midst
 * of it does no harm: it leaves the same bytes over the same bytes, or over what nobody vouched
 * for.
 *
 * Earlier segments need nothing, in any flush mode: each was synced before the next one was made.
 */
export async function settleTail(tail: {
  /** The last one, open for writing; its `endPosition` is where the sound batches end. */
  readonly segment: Segment;
  readonly lastIndex: number;
  /** Behind `endPosition`. */
  readonly tornBytes: number;
  readonly mark: SyncedMark;
  termAt(index: number): number | undefined;
}): Promise<void> {
  const { segment, lastIndex, tornBytes, mark } = tail;
  const file = segment.writable;
  // A log that has lost its end may have lost more than that.
  const covered = mark.syncedIndex <= lastIndex ? mark.syncedIndex : 0;
  if (tornBytes > 0 || covered < lastIndex || !mark.endIsSynced) {
    // Should this fail, then the next attempt must not take for done what it finds.
    await mark.unsettle();
    if (covered < lastIndex) await writeAgain(tail, covered + 1);
    // A file that has this size in the page cache already may keep another one on disk.
    await file.truncate(segment.endPosition + 1);
    await file.truncate(segment.endPosition);
  }
  await syncFile(file);
}

/** The bytes come from a read that has just checked them, not from one before it. */
async function writeAgain(tail: Parameters<typeof settleTail>[0], index: number): Promise<void> {
  const { segment, lastIndex } = tail;
  const start = segment.markOfIndex(index);
  const termAt = (at: number): number | undefined => tail.termAt(at);
  let position = start.position;
  for (let from = start.index; from <= lastIndex;) {
    const bytesMax = pieceBytes;
    const entries = await readEntries({ segment, indexMax: lastIndex, bytesMax, from, termAt });
    const chunks = entries.map(({ bytes }) => bytes);
    await segment.writable.write(position, chunks);
    for (const { length } of chunks) position += length;
    from += entries.length;
  }
}
