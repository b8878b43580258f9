import { assert } from '../assert.ts';
import { BrokerError } from '../errors.ts';
import type { Clock, Timer } from '../env/clock.ts';
import { DiskError } from '../env/disk.ts';
import { readU32 } from '../protocol/integers.ts';
import { diskFailed, isDiskFull, syncFile } from './durable.ts';
import { Gather } from './gather.ts';
import { markEveryBytes } from './segment.ts';
import type { Segment } from './segment.ts';
import type { Mark } from './segment-format.ts';
import { SyncProgress } from './sync-progress.ts';
import type { Extent } from './sync-progress.ts';
import type { SyncedMark } from './synced-mark.ts';

/**
 * When an entry counts as persisted: `sync`, once `fdatasync` returned; `async`, once written,
 * with a sync at most `intervalMs` after; `os`, once written.
 */
export interface FlushPolicy {
  readonly mode: 'sync' | 'async' | 'os';
  /** Used by `async` only. */
  readonly intervalMs: number;
}

interface Write {
  readonly segment: Segment;
  bytes: number;
  lastIndex: number;
  /** Offset behind its last record. */
  nextOffset: number;
  /** Positions count from the beginning of the write. */
  readonly marks: Mark[];
  /** Set once nothing more is added. */
  chunks: Buffer[] | undefined;
}

interface Task {
  readonly run: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const writeBytesMax = 8 << 20;
const fullRetryMs = 200;

/**
 * Everything that changes the files of a log, one thing after another. What is appended while a
 * write or its sync runs waits, and then goes out in one write with one sync: group commit. At
 * most one write is not yet synced in mode `sync`, which recovery relies upon.
 */
export class LogWriter {
  readonly #clock: Clock;
  readonly #flush: FlushPolicy;
  readonly #onPersisted: (lastIndex: number) => void;
  readonly #onFailed: (error: BrokerError) => void;
  readonly #gather = new Gather();
  readonly #syncedMark: SyncedMark;
  readonly progress: SyncProgress;
  #queue: (Write | Task)[] = [];
  /** The last of the queue, while it may grow. */
  #open: Write | undefined;
  #current: Write | undefined;
  #awake = false;
  #full = false;
  #failure: BrokerError | undefined;
  #closing = false;
  /** Written, but not synced (flush `async` and `os`). */
  #dirty: Segment | undefined;
  #timer: Timer | undefined;
  #timedSync: Promise<void> | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly flush: FlushPolicy;
    /** What is on disk. */
    readonly extent: Extent;
    readonly syncedMark: SyncedMark;
    readonly onPersisted: (lastIndex: number) => void;
    readonly onFailed: (error: BrokerError) => void;
  }) {
    this.#clock = options.clock;
    this.#flush = options.flush;
    this.#onPersisted = options.onPersisted;
    this.#onFailed = options.onFailed;
    this.#syncedMark = options.syncedMark;
    this.progress = new SyncProgress(options.clock, options.extent);
  }

  /** True from a write that found no space until one that did. */
  get full(): boolean {
    return this.#full;
  }

  /** Offset up to which the log counts as persisted under the flush mode. */
  get persistedOffset(): number {
    return this.#flush.mode === 'sync' ? this.progress.syncedOffset : this.progress.writtenOffset;
  }

  /** Queues a batch for the end of `segment`; returns where its bytes are kept from now on. */
  append(segment: Segment, batch: Buffer, index: number, offset: number): Buffer {
    const kept = this.#gather.place(batch);
    let write = this.#open;
    if (write === undefined) {
      const nothing = { bytes: 0, lastIndex: index, nextOffset: offset, marks: [] };
      write = { segment, ...nothing, chunks: undefined };
      this.#open = write;
      this.#queue.push(write);
      this.#wake();
    }
    if (segment.plannedEnd - segment.markedEnd >= markEveryBytes) {
      write.marks.push({ index, offset, position: write.bytes });
      segment.markedEnd = segment.plannedEnd;
    }
    segment.plannedEnd += batch.length;
    write.bytes += batch.length;
    write.lastIndex = index;
    write.nextOffset = offset + readU32(batch, 56);
    if (write.bytes >= writeBytesMax) this.#seal();
    return kept;
  }

  /** Runs after all that was queued before; rejects when the log failed before its turn. */
  task(run: () => Promise<void>): Promise<void> {
    this.#seal();
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#queue.push({ run, resolve, reject });
      this.#wake();
    });
  }

  /**
   * Entries above `index`, and records from `offset` on, are no longer wanted: writes under way do
   * not report them.
   */
  capReports(index: number, offset: number): void {
    this.#seal();
    for (const job of [this.#current, ...this.#queue]) {
      if (job === undefined || !('segment' in job)) continue;
      job.lastIndex = Math.min(job.lastIndex, index);
      job.nextOffset = Math.min(job.nextOffset, offset);
    }
    this.progress.cut({ index, offset });
  }

  /**
   * Syncs the last segment: all there is to sync. To be called from within a task, which thereby
   * orders the sync with the writes.
   */
  async syncNow(segment: Segment): Promise<void> {
    // Had a timed sync failed, this one would succeed without having covered what that one lost.
    await this.#timedSync;
    if (this.#failure !== undefined) throw this.#failure;
    await this.progress.measure(() => syncFile(segment.writable));
    if (this.#failure !== undefined) throw this.#failure;
    this.#dirty = undefined;
    await this.#noteSynced();
  }

  /** The file of this segment is about to go: nothing in it needs a sync any more. */
  forget(segment: Segment): void {
    if (this.#dirty === segment) this.#dirty = undefined;
  }

  /** Stops for good; nothing that waits is written. */
  fail(error: BrokerError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#timer?.cancel();
    const queue = this.#queue;
    this.#queue = [];
    this.#open = undefined;
    for (const job of queue) if ('run' in job) job.reject(error);
    this.#onFailed(error);
  }

  /** Writes and syncs what waits, unless the disk is full or failed; then lets go. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.task(async () => {
      await this.#timedSync;
      if (this.#dirty !== undefined) await this.syncNow(this.#dirty);
      else await this.#noteSynced();
    }).catch(() => {});
    this.#timer?.cancel();
    await this.#timedSync;
    this.#failure ??= new BrokerError('shutting-down', 'The log is closed.');
  }

  /** After this turn of the event loop, so that all of its appends go out together. */
  #wake(): void {
    if (this.#awake || this.#failure !== undefined) return;
    this.#awake = true;
    this.#clock.defer(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#failure === undefined) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      if (job === this.#open) this.#seal();
      await this.#perform(job);
    }
    this.#awake = false;
  }

  async #perform(job: Write | Task): Promise<void> {
    for (;;) {
      try {
        if ('segment' in job) await this.#write(job);
        else await job.run();
        this.#full = false;
        if ('run' in job) job.resolve();
        return;
      } catch (error) {
        const failure = this.#classify(error);
        if (failure !== undefined) {
          this.fail(failure);
          if ('run' in job) job.reject(failure);
          return;
        }
        await new Promise<void>((resolve) => {
          this.#clock.setTimer(fullRetryMs, resolve);
        });
        if (this.#failure !== undefined) {
          if ('run' in job) job.reject(this.#failure);
          return;
        }
      }
    }
  }

  /** Undefined when it is worth trying again: a full disk may get space. */
  #classify(error: unknown): BrokerError | undefined {
    if (error instanceof BrokerError) return error;
    if (!(error instanceof DiskError)) throw error;
    if (!isDiskFull(error)) return diskFailed('A write failed', error);
    const full = new BrokerError('disk-full', `The disk is full: ${error.message}.`, {
      cause: error,
    });
    if (this.#closing) return full;
    if (!this.#full) {
      this.#full = true;
      this.#onFailed(full);
    }
    return undefined;
  }

  async #write(write: Write): Promise<void> {
    const { segment, chunks } = write;
    assert(chunks !== undefined, 'a write is complete before it starts');
    this.#current = write;
    const position = segment.endPosition;
    await segment.writable.write(position, chunks);
    this.progress.written({ index: write.lastIndex, offset: write.nextOffset });
    if (this.#flush.mode === 'sync') {
      await this.progress.measure(() => syncFile(segment.writable));
      await this.#noteSynced();
    }
    segment.endPosition = position + write.bytes;
    for (const mark of write.marks) {
      segment.marks.push({ ...mark, position: position + mark.position });
    }
    this.#current = undefined;
    if (this.#flush.mode !== 'sync') this.#soil(segment);
    if (this.#failure === undefined) this.#onPersisted(write.lastIndex);
  }

  #seal(): void {
    if (this.#open === undefined) return;
    this.#open.chunks = this.#gather.take();
    this.#open = undefined;
  }

  #soil(segment: Segment): void {
    this.#dirty = segment;
    if (this.#flush.mode !== 'async' || this.#timer !== undefined || this.#closing) return;
    const dueMs = this.#clock.monotonicMs() + this.#flush.intervalMs;
    this.#timer = this.#clock.setTimer(this.#flush.intervalMs, () => {
      this.#timer = undefined;
      this.#timedSync = (this.#timedSync ?? Promise.resolve()).then(() => this.#syncDirty(dueMs));
    });
  }

  async #syncDirty(dueMs: number): Promise<void> {
    const segment = this.#dirty;
    if (segment === undefined || this.#failure !== undefined) return;
    this.#dirty = undefined;
    try {
      await this.progress.measure(() => segment.with(syncFile), dueMs);
    } catch (error) {
      this.fail(error instanceof BrokerError ? error : diskFailed('A sync failed', error));
      return;
    }
    // The mark is changed in turn with all the rest.
    if (!this.#closing) this.task(() => this.#noteSynced()).catch(() => {});
  }

  #noteSynced(): Promise<void> {
    return this.#syncedMark.note(this.progress.syncedIndex);
  }
}
