import type { Clock } from '../env/clock.ts';

interface Sync {
  /** What it covers once it completes; goes back where the log is cut meanwhile. */
  offset: number;
  readonly startMs: number;
}

/**
 * How far a log is written and how far completed syncs cover it, as record offsets, and how long
 * syncs take. Never too high: a write counts once it has resolved, and a sync covers what had
 * resolved when it began.
 */
export class SyncProgress {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #running = new Set<Sync>();
  #writtenOffset: number;
  #syncedOffset: number;
  #msMax = 0;

  /** All below `offset` is synced. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, offset: number) {
    this.#clock = clock;
    this.#writtenOffset = offset;
    this.#syncedOffset = offset;
  }

  get writtenOffset(): number {
    return this.#writtenOffset;
  }

  get syncedOffset(): number {
    return this.#syncedOffset;
  }

  /** Of the longest sync so far, one that has not come back yet included. */
  get syncMsMax(): number {
    const nowMs = this.#clock.monotonicMs();
    let longestMs = this.#msMax;
    for (const { startMs } of this.#running) longestMs = Math.max(longestMs, nowMs - startMs);
    return longestMs;
  }

  written(offset: number): void {
    this.#writtenOffset = Math.max(this.#writtenOffset, offset);
  }

  /**
   * Runs a sync of everything that is written now. One that was due earlier, and had to wait for its
   * timer or for the sync before it, counts from then: so long was what it covers not safe.
   */
  async measure(sync: () => Promise<void>, dueMs = this.#clock.monotonicMs()): Promise<void> {
    const running: Sync = { offset: this.#writtenOffset, startMs: dueMs };
    this.#running.add(running);
    try {
      await sync();
      this.#syncedOffset = Math.max(this.#syncedOffset, running.offset);
    } finally {
      this.#running.delete(running);
      this.#msMax = Math.max(this.#msMax, this.#clock.monotonicMs() - running.startMs);
    }
  }

  /** Records from `offset` on are no longer wanted, whatever became of them on disk. */
  cut(offset: number): void {
    this.#writtenOffset = Math.min(this.#writtenOffset, offset);
    this.#syncedOffset = Math.min(this.#syncedOffset, offset);
    for (const sync of this.#running) sync.offset = Math.min(sync.offset, offset);
  }

  /** The log is empty, durably, and goes on at `offset`. */
  restart(offset: number): void {
    this.#writtenOffset = offset;
    this.#syncedOffset = offset;
  }
}
