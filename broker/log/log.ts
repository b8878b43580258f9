// Above 400 lines: append, cut, install and drop each move the same few positions in step, which is
// what this file is about. Files, writer, cache, terms, recovery and reads have files of their own.
import { assert } from '../assert.ts';
import { BrokerError } from '../errors.ts';
import type { Clock } from '../env/clock.ts';
import type { Disk } from '../env/disk.ts';
import { BatchKind } from '../protocol/batch.ts';
import { readU32, readU64 } from '../protocol/integers.ts';
import type { Entry, RaftLog, SnapshotMark } from '../raft/types.ts';
import { EntryCache } from './cache.ts';
import { findOffset, readEntries, readRecordBatches } from './disk-read.ts';
import { diskFailed, isDiskFull } from './durable.ts';
import { LogFiles } from './log-files.ts';
import type { Cut } from './log-files.ts';
import { LogWriter } from './log-writer.ts';
import type { FlushPolicy } from './log-writer.ts';
import { recover } from './recovery.ts';
import type { Recovered } from './recovery.ts';
import { Runs } from './runs.ts';
import { Segment } from './segment.ts';
import type { Snapshot } from './snapshots.ts';
import { TermRanges } from './terms.ts';

export type { FlushPolicy } from './log-writer.ts';
export type { Snapshot } from './snapshots.ts';

export interface LogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Of this log alone; made when it does not exist. */
  readonly directory: string;
  readonly flush: FlushPolicy;
  /** A segment that has reached this size is complete; it exceeds it by one batch at most. */
  readonly segmentBytes: number;
  /** Whole old segments go beyond either; 0 = keep all. */
  readonly retentionBytes: number;
  readonly retentionMs: number;
  /** Memory for the newest entries; what is not written yet is held in any case. */
  readonly cacheBytes: number;
  /**
   * Everything up to `index` is persisted under the flush mode. Called at most once per completed
   * write; rises, but for truncations.
   */
  readonly onPersisted: (index: number) => void;
  /**
   * `disk-full`: writes wait for space, reads go on, see `Log.diskFull`. `disk-failed` and
   * `corrupt-log` are the end of this replica: nothing is written any more.
   */
  readonly onFailed: (error: BrokerError) => void;
}

/**
 * The replicated log of one group: entries in memory at once, on disk in the background. An entry
 * is a batch of `protocol/batch.ts` with the broker's fields assigned; its bytes are stored as
 * they are. Indexes have no gaps; offsets count records only and have none either.
 */
export class Log implements RaftLog {
  /** What opening found. `tornBytes`: cut off the end, as a crash had left it half written. */
  readonly recovery: {
    readonly tornBytes: number;
    readonly entries: number;
    readonly segments: number;
    /**
     * It was synced up to this index once and ended before it: flush `sync` only, and only where
     * the disk did not keep what it had taken. Infinite when that cannot be told.
     */
    readonly lacksUpTo: number | undefined;
  };
  readonly #options: LogOptions;
  readonly #writer: LogWriter;
  readonly #files: LogFiles;
  readonly #cache: EntryCache;
  #segments: Segment[];
  #terms: TermRanges;
  #generation: number;
  #lastIndex: number;
  #nextOffset: number;
  #persistedIndex: number;
  #retainLimit = Number.POSITIVE_INFINITY;
  /** Set while the offset at which the log was cut is not known yet. */
  #cut: Cut | undefined;
  /** Counts what can pull the files from under a reader. */
  #changes = 0;
  /** Indexes at which a snapshot was asked for: once, even if there was no space for it. */
  readonly #snapshotsTried = new Set<number>();

  private constructor(options: LogOptions, found: Recovered) {
    this.#options = options;
    this.#segments = found.segments;
    this.#terms = found.terms;
    this.#generation = found.start.generation;
    this.#lastIndex = found.lastIndex;
    this.#persistedIndex = found.lastIndex;
    this.#nextOffset = found.nextOffset;
    this.#cache = new EntryCache({
      bytesMax: options.cacheBytes,
      nextIndex: found.lastIndex + 1,
    });
    this.#writer = new LogWriter({
      clock: options.clock,
      flush: options.flush,
      extent: { index: found.lastIndex, offset: found.nextOffset },
      syncedMark: found.syncedMark,
      onPersisted: (index) => this.#persisted(index),
      onFailed: options.onFailed,
    });
    this.#files = new LogFiles({ ...options, ...found, writer: this.#writer });
    this.recovery = {
      tornBytes: found.tornBytes,
      entries: found.lastIndex - found.start.index + 1,
      segments: found.segments.length,
      lacksUpTo: found.lacksUpTo,
    };
  }

  /**
   * Recovers what is on disk. Rejects with `corrupt-log`, naming file and position, when that is
   * not what was once written, a torn tail excepted.
   */
  static async open(options: LogOptions): Promise<Log> {
    const strict = options.flush.mode === 'sync';
    const log = new Log(options, await recover(options.disk, options.directory, { strict }));
    await log.#warm();
    return log;
  }

  get firstIndex(): number {
    return this.#segments[0]!.header.baseIndex;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  get persistedIndex(): number {
    return this.#persistedIndex;
  }

  /** Offset of the first record that is still here. */
  get startOffset(): number {
    return this.#segments[0]!.header.baseOffset;
  }

  /** Offset of the next record to be appended. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** Behind the last record that is persisted under the flush mode; never too high. */
  get persistedOffset(): number {
    return this.#writer.persistedOffset;
  }

  /** Behind the last record that a completed sync covers, whatever the flush mode. */
  get syncedOffset(): number {
    return this.#writer.progress.syncedOffset;
  }

  /** The longest sync since the log was opened, in milliseconds. */
  get syncMsMax(): number {
    return this.#writer.progress.syncMsMax;
  }

  /** True while writes wait for space: nothing more should be proposed. */
  get diskFull(): boolean {
    return this.#writer.full;
  }

  termAt(index: number): number | undefined {
    if (index > this.#lastIndex || index < this.firstIndex - 1) return undefined;
    return this.#terms.termAt(index);
  }

  entriesInMemory(from: number, bytesMax: number): readonly Entry[] | undefined {
    if (from < this.#cache.firstIndex) return undefined;
    return from > this.#lastIndex ? [] : this.#cache.slice(from, bytesMax);
  }

  /** As `entriesInMemory`, from disk; may end early at the end of a segment. */
  async loadEntries(from: number, bytesMax: number): Promise<Entry[]> {
    assert(from >= this.firstIndex && from <= this.#lastIndex, 'the entry is in the log');
    return this.#fromDisk(async () => {
      if (from < this.firstIndex) throw this.#outOfRange(`index ${from}`);
      const inMemory = this.entriesInMemory(from, bytesMax);
      if (inMemory !== undefined) return [...inMemory];
      const segment = this.#segments.findLast((at) => at.header.baseIndex <= from)!;
      const indexMax = this.#persistedIndex;
      return readEntries({ segment, indexMax, bytesMax, from, termAt: (at) => this.termAt(at) });
    });
  }

  /** Entries that follow `lastIndex`. In memory at once; `onPersisted` tells when on disk. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) this.#appendOne(entry);
    this.#cache.evict(this.#persistedIndex);
  }

  /**
   * Cuts off everything above `index`, at once in memory, on disk in order with the appends, and
   * synced before any later append is written. `nextOffset` is exact at once when the first entry
   * cut off is in memory; else it is a lower bound until the next append or the cut is on disk.
   */
  truncateAfter(index: number): void {
    assert(index >= this.firstIndex - 1, 'what the log has dropped cannot be cut');
    if (index >= this.#lastIndex) return;
    this.#changes++;
    const removed: Segment[] = [];
    while (this.#segments.at(-1)!.header.baseIndex > index + 1) removed.push(this.#segments.pop()!);
    const target = this.#segments.at(-1)!;
    const mark = target.markOfIndex(index + 1);
    const cut: Cut = { index, target, removed, estimate: mark.position, offset: undefined };
    if (index + 1 >= this.#cache.firstIndex) {
      cut.offset = readU64(this.#cache.at(index + 1).bytes, 8);
    } else if (mark.index === index + 1) {
      cut.offset = mark.offset;
    }
    this.#nextOffset = cut.offset ?? mark.offset;
    this.#writer.capReports(index, this.#nextOffset);
    this.#cut = cut.offset === undefined ? cut : undefined;
    target.plannedEnd = mark.position;
    target.markedEnd = mark.position;
    this.#lastIndex = index;
    this.#persistedIndex = Math.min(this.#persistedIndex, index);
    for (const tried of this.#snapshotsTried) {
      if (tried > index) this.#snapshotsTried.delete(tried);
    }
    this.#terms.truncateAfter(index);
    this.#cache.truncateAfter(index);
    this.#files.truncate(cut, (offset) => {
      this.#changes++;
      if (this.#cut !== cut) return;
      this.#cut = undefined;
      this.#nextOffset = offset;
    });
  }

  /**
   * Whole record batches back to back, from the one that holds `offset` up to the index
   * `indexMax` and about `bytesMax` bytes, at least one; empty when there is none. Checked against
   * both CRCs when read from disk. Throws or rejects with `offset-out-of-range` below
   * `startOffset`, `corrupt-log` where the disk does not hold what was written.
   */
  readRecords(options: {
    readonly offset: number;
    readonly indexMax: number;
    readonly bytesMax: number;
  }): Buffer | Promise<Buffer> {
    const { offset, indexMax, bytesMax } = options;
    if (offset < this.startOffset) throw this.#outOfRange(`offset ${offset}`);
    if (offset >= this.#nextOffset) return Buffer.alloc(0);
    const from = this.#cache.indexOfOffset(offset);
    if (from !== undefined) return this.#recordsInMemory(from, indexMax, bytesMax);
    return this.#fromDisk(async () => {
      if (offset < this.startOffset) throw this.#outOfRange(`offset ${offset}`);
      return readRecordBatches({ ...this.#locate(offset, indexMax), bytesMax });
    });
  }

  /** Index of the batch that holds `offset`; undefined outside the log. */
  indexOfOffset(offset: number): number | undefined | Promise<number | undefined> {
    if (offset < this.startOffset || offset >= this.#nextOffset) return undefined;
    const held = this.#cache.indexOfOffset(offset);
    if (held !== undefined) return held;
    return this.#fromDisk(() => findOffset(this.#locate(offset, this.#lastIndex)));
  }

  /** Term of the batch that holds `offset`; undefined outside the log. */
  termOfOffset(offset: number): number | undefined {
    if (offset < this.startOffset || offset >= this.#nextOffset) return undefined;
    return this.#terms.termOfOffset(offset);
  }

  /**
   * Where a reader has to go back to whose last batch was of `term`, when the log at its offset is
   * of another: the offset behind the last record of that term or below.
   */
  endOffsetOfTerm(term: number): number {
    const next = this.#terms.firstOffsetAbove(term) ?? this.#nextOffset;
    return Math.max(this.startOffset, next);
  }

  /** True when a segment begins at `appliedIndex + 1` and has no snapshot yet. */
  snapshotDue(appliedIndex: number): boolean {
    if (appliedIndex === 0 || this.#snapshotsTried.has(appliedIndex)) return false;
    for (let at = this.#segments.length - 1; at >= 0; at--) {
      const baseIndex = this.#segments[at]!.header.baseIndex;
      if (baseIndex <= appliedIndex) return false;
      if (baseIndex === appliedIndex + 1) return !this.#files.snapshots.has(appliedIndex);
    }
    return false;
  }

  /**
   * Resolves once durable, or at once when the log has been cut below it meanwhile. Rejects with
   * `disk-full` (nothing is lost, a later one will do) or `disk-failed` (after `onFailed`).
   */
  async saveSnapshot(mark: SnapshotMark, nextOffset: number, data: Buffer): Promise<void> {
    const segment = this.#segments.find((at) => at.header.baseIndex === mark.index + 1);
    assert(segment !== undefined, 'a snapshot is taken where a segment begins');
    this.#snapshotsTried.add(mark.index);
    try {
      // The segment exists only once all before it is synced: no snapshot is ahead of its log.
      await segment.created;
      const snapshot = { mark, nextOffset, data };
      const wanted = (): boolean => this.termAt(mark.index) === mark.term;
      await this.#files.snapshots.save(snapshot, wanted);
    } catch (error) {
      if (isDiskFull(error)) {
        const message = 'A snapshot found no space on the disk.';
        throw new BrokerError('disk-full', message, { cause: error });
      }
      const failure =
        error instanceof BrokerError ? error : diskFailed('A snapshot was not saved', error);
      this.#writer.fail(failure);
      throw failure;
    }
  }

  /** The newest one, at or below an index if given; undefined when there is none. */
  latestSnapshot(atOrBelow = this.#lastIndex): Promise<Snapshot | undefined> {
    return this.#files.snapshots.latest(Math.min(atOrBelow, this.#lastIndex));
  }

  /**
   * Replaces the whole log by a snapshot of a leader: the log is empty and goes on at
   * `mark.index + 1`, at once in memory; resolves when that is durable. A crash before leaves the
   * old log, never a mixture.
   */
  install(snapshot: Snapshot): Promise<void> {
    const { mark, nextOffset } = snapshot;
    this.#changes++;
    this.#generation++;
    this.#writer.capReports(0, 0);
    const replaced = this.#segments;
    const segment = this.#newSegment(mark.index + 1, nextOffset, mark.term);
    this.#segments = [segment];
    this.#terms = new TermRanges({ index: mark.index, offset: nextOffset, term: mark.term });
    this.#cache.reset(mark.index + 1);
    this.#cut = undefined;
    this.#lastIndex = mark.index;
    this.#nextOffset = nextOffset;
    this.#persistedIndex = Math.min(this.#persistedIndex, mark.index);
    const generation = this.#generation;
    return this.#files.install({ snapshot, replaced, segment }, () => {
      if (generation !== this.#generation || mark.index > this.#lastIndex) return;
      this.#persistedIndex = Math.max(this.#persistedIndex, mark.index);
      this.#writer.progress.restart({ index: mark.index, offset: nextOffset });
    });
  }

  /** What it lacked when it was opened is there again, or was never wanted. */
  trust(): Promise<void> {
    return this.#files.trust(() => this.#persistedIndex);
  }

  /** Nothing at `index` or above may be dropped by `retain`. */
  setRetainLimit(index: number): void {
    this.#retainLimit = index;
  }

  /**
   * Drops whole old segments that exceed the retention, while a newer snapshot is durable and the
   * limit allows it. Never the active one.
   */
  retain(nowMs: number): void {
    const dropped: Segment[] = [];
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.plannedEnd;
    while (this.#segments.length > 1 && this.#mayDrop(nowMs, bytes)) {
      const segment = this.#segments.shift()!;
      bytes -= segment.plannedEnd;
      dropped.push(segment);
    }
    if (dropped.length === 0) return;
    this.#changes++;
    this.#terms.dropBefore(this.firstIndex - 1);
    this.#cache.dropBefore(this.firstIndex);
    for (const tried of this.#snapshotsTried) {
      if (tried < this.firstIndex - 1) this.#snapshotsTried.delete(tried);
    }
    this.#files.drop(dropped, this.#segments[0]!);
  }

  /** Writes and syncs what waits, unless the disk is full or failed. */
  async close(): Promise<void> {
    await this.#writer.close();
    for (const segment of this.#segments) segment.release();
    await this.#files.close();
  }

  #appendOne(entry: Entry): void {
    const { index, term, bytes } = entry;
    assert(index === this.#lastIndex + 1, 'entries follow one another');
    assert(readU32(bytes, 0) === bytes.length, 'an entry is one whole batch');
    const offset = readU64(bytes, 8);
    if (this.#cut !== undefined) {
      this.#cut.offset = offset;
      this.#cut = undefined;
      this.#nextOffset = offset;
    }
    assert(offset === this.#nextOffset, 'offsets follow one another');
    if (term !== this.#terms.lastTerm) this.#terms.append(index, offset, term);
    const segment = this.#segments.at(-1)!;
    const kept = this.#writer.append(segment, bytes, index, offset);
    this.#cache.push(kept === bytes ? entry : { term, index, bytes: kept });
    this.#lastIndex = index;
    this.#nextOffset = offset + readU32(bytes, 56);
    if (segment.plannedEnd >= this.#options.segmentBytes) this.#roll(segment);
  }

  #roll(full: Segment): void {
    const next = this.#newSegment(this.#lastIndex + 1, this.#nextOffset, this.#terms.lastTerm);
    this.#segments.push(next);
    this.#files.roll({
      full,
      next,
      lastIndex: this.#lastIndex,
      nextOffset: this.#nextOffset,
      terms: this.#terms.between(full.header.baseIndex, this.#lastIndex),
    });
  }

  #newSegment(baseIndex: number, baseOffset: number, previousTerm: number): Segment {
    const { disk, directory } = this.#options;
    const generation = this.#generation;
    return new Segment(disk, directory, { baseIndex, baseOffset, previousTerm, generation });
  }

  #persisted(index: number): void {
    if (index <= this.#persistedIndex) return;
    this.#persistedIndex = index;
    this.#cache.evict(index);
    this.#options.onPersisted(index);
  }

  #mayDrop(nowMs: number, bytes: number): boolean {
    const { retentionBytes, retentionMs } = this.#options;
    const [oldest, next] = this.#segments as [Segment, Segment];
    if (next.header.baseIndex > this.#retainLimit) return false;
    if (this.#files.snapshots.newestIndex < next.header.baseIndex - 1) return false;
    if (retentionBytes > 0 && bytes - oldest.plannedEnd >= retentionBytes) return true;
    return retentionMs > 0 && oldest.sealedAtMs > 0 && nowMs - oldest.sealedAtMs > retentionMs;
  }

  #recordsInMemory(from: number, indexMax: number, bytesMax: number): Buffer {
    const runs = new Runs();
    const last = Math.min(indexMax, this.#lastIndex);
    for (let index = from; index <= last; index++) {
      const { bytes } = this.#cache.at(index);
      if (bytes[37] !== BatchKind.records) continue;
      if (runs.bytes > 0 && runs.bytes + bytes.length > bytesMax) break;
      runs.add(bytes);
    }
    return runs.join();
  }

  #locate(offset: number, indexMax: number): Parameters<typeof findOffset>[0] {
    return {
      segment: this.#segments.findLast((at) => at.header.baseOffset <= offset)!,
      indexMax: Math.min(indexMax, this.#persistedIndex),
      offset,
      termAt: (index) => this.termAt(index),
    };
  }

  /** Reads again when the log was cut, replaced or shortened while it read. */
  async #fromDisk<T>(read: () => Promise<T>): Promise<T> {
    for (;;) {
      const changes = this.#changes;
      try {
        const result = await read();
        if (changes === this.#changes) return result;
      } catch (error) {
        if (changes !== this.#changes) continue;
        const failure = error instanceof BrokerError ? error : diskFailed('A read failed', error);
        // What cannot be read back is not held: the replica must not vouch for it any longer.
        if (failure.code !== 'offset-out-of-range') this.#writer.fail(failure);
        throw failure;
      }
    }
  }

  /** The newest entries are wanted first: by followers, and when a new leader cuts the log. */
  async #warm(): Promise<void> {
    const segment = this.#segments.at(-1)!;
    const bytesMax = Math.min(this.#options.cacheBytes, 1 << 20);
    const mark = segment.marks.find((at) => at.position >= segment.endPosition - bytesMax);
    if (mark === undefined || mark.index > this.#lastIndex) return;
    const entries = await readEntries({
      segment,
      indexMax: this.#lastIndex,
      bytesMax: 2 * bytesMax,
      from: mark.index,
      termAt: (index) => this.termAt(index),
    });
    if (entries.at(-1)?.index !== this.#lastIndex) return;
    this.#cache.reset(mark.index);
    for (const entry of entries) this.#cache.push(entry);
  }

  #outOfRange(what: string): BrokerError {
    const start = `index ${this.firstIndex} and offset ${this.startOffset}`;
    return new BrokerError('offset-out-of-range', `The log begins at ${start}, after ${what}.`, {
      detail: this.startOffset,
    });
  }
}
