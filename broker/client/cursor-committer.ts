import type { Timer } from '../env/clock.ts';
import type { BrokerError } from '../errors.ts';
import type { ClusterClient } from './cluster.ts';
import { asBrokerError } from './errors.ts';

export interface CursorCommitterOptions {
  readonly cluster: ClusterClient;
  readonly topicId: number;
  readonly partition: number;
  readonly group: string;
  readonly generation: number;
  /** What the cursor is at. */
  readonly offset: number;
  /** Commits of one partition are at least this far apart. */
  readonly intervalMs: number;
  /** The cursor belongs to a later generation now. */
  readonly onFenced: () => void;
  readonly onTrouble: (error: BrokerError) => void;
}

const tryForMs = 30_000;

/** Commits one partition's cursor: one request at a time, each for all that was done by then. */
export class CursorCommitter {
  readonly #options: CursorCommitterOptions;
  #wanted: number;
  #committed: number;
  #timer: Timer | undefined;
  #committing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: CursorCommitterOptions) {
    this.#options = options;
    this.#wanted = options.offset;
    this.#committed = options.offset;
  }

  /** Everything below `offset` is done. */
  advance(offset: number): void {
    if (offset <= this.#wanted) return;
    this.#wanted = offset;
    this.#schedule();
  }

  /** The log was cut at `offset`: a cursor beyond it would skip what comes there anew. */
  rewind(offset: number): void {
    if (offset >= this.#wanted) return;
    this.#wanted = offset;
    this.#schedule();
  }

  /** Commits what is outstanding now; resolves when it is done, cannot be, or `maxMs` passed. */
  async flush(maxMs: number): Promise<void> {
    const { clock } = this.#options.cluster;
    const endMs = clock.monotonicMs() + maxMs;
    while (!this.#stopped && this.#wanted !== this.#committed) {
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) break;
      this.#timer?.cancel();
      this.#timer = undefined;
      const done = (this.#committing ??= this.#commit());
      let timer: Timer | undefined;
      const late = new Promise<void>((resolve) => {
        timer = clock.setTimer(leftMs, resolve);
      });
      await Promise.race([done, late]);
      timer?.cancel();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#stopped || this.#timer !== undefined || this.#committing !== undefined) return;
    this.#timer = this.#options.cluster.clock.setTimer(this.#options.intervalMs, () => {
      this.#timer = undefined;
      this.#committing ??= this.#commit();
    });
  }

  async #commit(): Promise<void> {
    const { cluster, topicId, partition, group, generation } = this.#options;
    const offset = this.#wanted;
    const request = { topicId, partition, group, generation, offset };
    try {
      const stop = (): boolean => this.#stopped;
      await cluster.callLeader('commitCursor', request, { timeoutMs: tryForMs, stop });
      this.#committed = offset;
    } catch (error) {
      const known = asBrokerError(error);
      if (this.#stopped) return;
      if (known.code === 'fenced') {
        this.stop();
        this.#options.onFenced();
      } else {
        this.#options.onTrouble(known);
        if (!known.retriable) this.#committed = offset;
      }
    } finally {
      this.#committing = undefined;
    }
    if (this.#wanted !== this.#committed) this.#schedule();
  }
}
