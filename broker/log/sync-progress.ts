import type { Clock } from '../env/clock.ts';

/** A place in a log: the last entry up to there, and the offset behind its last record. */
export interface Extent {
  readonly index: number;
  readonly offset: number;
}

interface Sync {
  /** What it covers once it completes; goes back where the log is cut meanwhile. */
  covers: Extent;
  readonly startMs: number;
}

/**
 * How far a log is written and how far completed syncs cover it, and how long syncs take. Never too
 * high: a write counts once it has resolved, and a sync covers what had resolved when it began.
 */
export class SyncProgress {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #running = new Set<Sync>();
  #written: Extent;
  #synced: Extent;
  #msMax = 0;

  /** All up to `extent` is synced. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, extent: Extent) {
    this.#clock = clock;
    this.#written = extent;
    this.#synced = extent;
  }

  get writtenOffset(): number {
    return this.#written.offset;
  }

  get syncedOffset(): number {
    return this.#synced.offset;
  }

  get syncedIndex(): number {
    return this.#synced.index;
  }

  /** Of the longest sync so far, one that has not come back yet included. */
  get syncMsMax(): number {
    const nowMs = this.#clock.monotonicMs();
    let longestMs = this.#msMax;
    for (const { startMs } of this.#running) longestMs = Math.max(longestMs, nowMs - startMs);
    return longestMs;
  }

  written(extent: Extent): void {
    this.#written = later(this.#written, extent);
  }

  /**
   * Runs a sync of everything that is written now. One that was due earlier, and had to wait for its
   * timer or for the sync before it, counts from then: so long was what it covers not safe.
   */
  async measure(sync: () => Promise<void>, dueMs = this.#clock.monotonicMs()): Promise<void> {
    const running: Sync = { covers: this.#written, startMs: dueMs };
    this.#running.add(running);
    try {
      await sync();
      this.#synced = later(this.#synced, running.covers);
    } finally {
      this.#running.delete(running);
      this.#msMax = Math.max(this.#msMax, this.#clock.monotonicMs() - running.startMs);
    }
  }

  /** What lies behind `extent` is no longer wanted, whatever became of it on disk. */
  cut(extent: Extent): void {
    this.#written = earlier(this.#written, extent);
    this.#synced = earlier(this.#synced, extent);
    for (const sync of this.#running) sync.covers = earlier(sync.covers, extent);
  }

  /** The log is empty, durably, and goes on behind `extent`. */
  restart(extent: Extent): void {
    this.#written = extent;
    this.#synced = extent;
  }
}

function later(a: Extent, b: Extent): Extent {
  return { index: Math.max(a.index, b.index), offset: Math.max(a.offset, b.offset) };
}

function earlier(a: Extent, b: Extent): Extent {
  return { index: Math.min(a.index, b.index), offset: Math.min(a.offset, b.offset) };
}
