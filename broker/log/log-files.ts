import { assert } from '../assert.ts';
import type { Clock } from '../env/clock.ts';
import { DiskError } from '../env/disk.ts';
import type { Disk } from '../env/disk.ts';
import { readU64 } from '../protocol/integers.ts';
import { syncDirectory } from './durable.ts';
import type { LogStart, LogStartFile } from './log-start.ts';
import type { LogWriter } from './log-writer.ts';
import { removeOtherGenerations } from './recovery.ts';
import { corrupt } from './segment-format.ts';
import type { Segment } from './segment.ts';
import type { Snapshot, SnapshotStore } from './snapshots.ts';
import type { SyncedMark } from './synced-mark.ts';
import type { TermRange } from './terms.ts';
import { walkBatches } from './walk.ts';

/** A truncation on its way to the disk. */
export interface Cut {
  readonly index: number;
  /** What becomes the last segment, and those behind it, the newest first. */
  readonly target: Segment;
  readonly removed: readonly Segment[];
  /** A position at or before the cut in `target`. */
  readonly estimate: number;
  /** Offset of the first record cut off, once known. */
  offset: number | undefined;
}

/**
 * The changes of a log that touch more than the end of its last file. Each is a task of the
 * writer, and each is ordered so that a crash between any two steps leaves what recovery accepts.
 * A task may run again from its beginning when it found the disk full.
 */
export class LogFiles {
  readonly snapshots: SnapshotStore;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #directory: string;
  readonly #writer: LogWriter;
  readonly #startFile: LogStartFile;
  readonly #syncedMark: SyncedMark;
  #start: LogStart;

  constructor(options: {
    readonly disk: Disk;
    readonly clock: Clock;
    readonly directory: string;
    readonly writer: LogWriter;
    readonly startFile: LogStartFile;
    readonly start: LogStart;
    readonly snapshots: SnapshotStore;
    readonly syncedMark: SyncedMark;
  }) {
    this.snapshots = options.snapshots;
    this.#disk = options.disk;
    this.#clock = options.clock;
    this.#directory = options.directory;
    this.#writer = options.writer;
    this.#startFile = options.startFile;
    this.#start = options.start;
    this.#syncedMark = options.syncedMark;
  }

  /** Completes a segment and begins the next one. The next exists only once the last is synced. */
  roll(step: {
    readonly full: Segment;
    readonly next: Segment;
    readonly lastIndex: number;
    readonly nextOffset: number;
    readonly terms: readonly TermRange[];
  }): void {
    const { full, next } = step;
    next.created = this.#writer.task(async () => {
      await this.#writer.syncNow(full);
      await next.create();
      full.sealedAtMs = Math.floor(this.#clock.wallMs());
      const { lastIndex, nextOffset, terms } = step;
      const { endPosition, sealedAtMs, marks } = full;
      await full
        .writeIndex({ endPosition, lastIndex, nextOffset, sealedAtMs, terms, marks })
        .catch(ignoreDiskError);
      full.release();
    });
    next.created.catch(() => {});
  }

  /**
   * From the end backwards, so that a crash leaves a log that is too long but without a hole. The
   * index files go first: one beside the last segment would say that a later one is missing.
   */
  truncate(cut: Cut, onCut: (offset: number) => void): void {
    const { index, target, removed } = cut;
    const run = async (): Promise<void> => {
      await this.#syncedMark.lower(index);
      await this.snapshots.removeAbove(index);
      if (removed.length > 0) {
        for (const segment of removed) this.#writer.forget(segment);
        for (const segment of [target, ...removed]) await this.#disk.remove(segment.indexPath);
        await syncDirectory(this.#disk, this.#directory);
        for (const segment of removed) {
          segment.release();
          await this.#disk.remove(segment.path);
          await syncDirectory(this.#disk, this.#directory);
        }
        await target.open();
      }
      const { position, offset } = await endOf(target, index);
      assert(cut.offset === undefined || cut.offset === offset, 'offsets go on where it was cut');
      // First for readers, then on disk: nobody looks for what is being cut.
      target.endPosition = position;
      target.truncateMarks(index);
      onCut(offset);
      await target.writable.truncate(position);
      await this.#writer.syncNow(target);
      target.plannedEnd += position - cut.estimate;
    };
    this.#writer.task(run).catch(() => {});
  }

  /** The start file is the commit point: before it the old log counts, from it on the new one. */
  install(
    step: {
      readonly snapshot: Snapshot;
      readonly replaced: readonly Segment[];
      readonly segment: Segment;
    },
    onDone: () => void,
  ): Promise<void> {
    const { snapshot, replaced, segment } = step;
    const { baseIndex, baseOffset, previousTerm, generation } = segment.header;
    segment.created = this.#writer.task(async () => {
      for (const old of replaced) {
        this.#writer.forget(old);
        old.release();
      }
      await this.#syncedMark.lower(snapshot.mark.index);
      await this.snapshots.save(snapshot, () => true);
      const start = { index: baseIndex, offset: baseOffset, previousTerm, generation };
      await this.#saveStart({ ...start, pending: true });
      await this.snapshots.removeAbove(snapshot.mark.index);
      await this.snapshots.removeBelow(snapshot.mark.index);
      await removeOtherGenerations(this.#disk, this.#directory, this.#start);
      await segment.create();
      await this.#saveStart({ ...start, pending: false });
      onDone();
    });
    segment.created.catch(() => {});
    return segment.created;
  }

  /** The start is moved first: segments before it are leftovers to recovery. */
  drop(dropped: readonly Segment[], first: Segment): void {
    const { baseIndex, baseOffset, previousTerm, generation } = first.header;
    const run = async (): Promise<void> => {
      const start = { index: baseIndex, offset: baseOffset, previousTerm, generation };
      await this.#saveStart({ ...start, pending: false });
      for (const segment of dropped) {
        segment.release();
        await this.#disk.remove(segment.indexPath);
        await this.#disk.remove(segment.path);
      }
      await this.snapshots.removeBelow(baseIndex - 1);
    };
    this.#writer.task(run).catch(() => {});
  }

  /** The mark of what is synced follows the log again. */
  trust(syncedIndex: () => number): Promise<void> {
    return this.#writer.task(async () => {
      await this.#syncedMark.save(syncedIndex());
      this.#syncedMark.release();
    });
  }

  async close(): Promise<void> {
    await this.#syncedMark.close();
    await this.#startFile.close();
  }

  async #saveStart(start: LogStart): Promise<void> {
    await this.#startFile.save(start);
    this.#start = start;
  }
}

function ignoreDiskError(error: unknown): void {
  if (!(error instanceof DiskError)) throw error;
}

/** Where the entry after `index` begins in the file, and the offset there. */
async function endOf(
  segment: Segment,
  index: number,
): Promise<{ position: number; offset: number }> {
  const mark = segment.markOfIndex(index + 1);
  let offset = mark.offset;
  const range = { from: mark.position, to: segment.endPosition, pieceBytes: 65_536 };
  const walked = await segment.with((file) =>
    walkBatches(file, range, (batch) => {
      if (readU64(batch, 24) > index) return false;
      offset = readU64(batch, 8) + batch.readUInt32LE(56);
      return true;
    }),
  );
  if (walked.problem === undefined) return { position: walked.position, offset };
  throw corrupt(`${segment.path} is damaged at byte ${walked.position}: ${walked.problem}.`);
}
