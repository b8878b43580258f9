import type { BrokerError } from '../errors.ts';
import { backoffMs, type ClusterClient } from './cluster.ts';
import { asBrokerError } from './errors.ts';
import { RecordReader, type ConsumedRecord } from './record-reader.ts';
import { TermHistory } from './term-history.ts';

export interface PartitionFetcherOptions {
  readonly cluster: ClusterClient;
  readonly topicId: number;
  readonly partition: number;
  /** First offset wanted. */
  readonly offset: number;
  /** That node's own copy instead of the leader's. */
  readonly node?: number | undefined;
  readonly bytesMax: number;
  readonly waitMs: number;
  /** There may be something to `read` again. */
  readonly onRecords: () => void;
  /** The log was cut below what was read: `position` is there now. */
  readonly onDiverged: (offset: number) => void;
  /** The log begins later than what was wanted: `position` is there now. */
  readonly onSkipped: (offset: number) => void;
  /** Something kept it from reading; it tries again by itself. */
  readonly onTrouble: (error: BrokerError) => void;
}

/** Fetches that may wait to be read, beside the one that is under way. */
const readAheadMax = 2;
const retryMsMax = 100;
/** Beyond `waitMs`, before a node that does not answer a fetch is doubted. */
const graceMs = 1000;

/**
 * Reads one partition ahead of its reader, from the leader wherever it is or from one node's copy.
 * The next fetch is under way while the one before is read.
 */
export class PartitionFetcher {
  readonly #options: PartitionFetcherOptions;
  readonly #terms = new TermHistory();
  #ready: RecordReader[] = [];
  #position: number;
  #fetchOffset: number;
  #highWatermark = 0;
  #stopped = false;
  #corrupt = false;
  #wake: (() => void) | undefined;
  #target = { leader: 0, term: 0 };
  #unsubscribe: () => void = () => {};
  #interrupt: (() => void) | undefined;

  constructor(options: PartitionFetcherOptions) {
    this.#options = options;
    this.#position = options.offset;
    this.#fetchOffset = options.offset;
  }

  get partition(): number {
    return this.#options.partition;
  }

  /** Offset of the next record that `read` gives. */
  get position(): number {
    return this.#position;
  }

  /** As the last fetch saw it. */
  get highWatermark(): number {
    return this.#highWatermark;
  }

  start(): void {
    this.#unsubscribe = this.#options.cluster.onChange(() => this.#leaderChanged());
    void this.#run();
  }

  /** What was fetched and not read is dropped. */
  stop(): void {
    this.#stopped = true;
    this.#ready = [];
    this.#unsubscribe();
    this.#wake?.();
  }

  /** The next record, if it is here. What arrived corrupt is not given out but fetched again. */
  read(): ConsumedRecord | undefined {
    for (;;) {
      const reader = this.#ready[0];
      if (reader === undefined) return undefined;
      const record = this.#next(reader);
      if (record !== undefined) {
        this.#position = record.offset + 1;
        return record;
      }
      this.#ready.shift();
      this.#wake?.();
    }
  }

  #next(reader: RecordReader): ConsumedRecord | undefined {
    try {
      return reader.read();
    } catch (error) {
      this.#ready = [];
      this.#fetchOffset = this.#position;
      this.#corrupt = true;
      this.#options.onTrouble(asBrokerError(error));
      return undefined;
    }
  }

  async #run(): Promise<void> {
    const { cluster } = this.#options;
    for (let tries = 0; !this.#stopped;) {
      if (this.#ready.length >= readAheadMax) {
        await this.#sleep(undefined);
        continue;
      }
      if (this.#corrupt) await this.#sleep(retryMsMax);
      this.#corrupt = false;
      let error: unknown;
      try {
        await this.#fetch();
        tries = 0;
      } catch (thrown) {
        error = thrown;
      }
      if (error === undefined) {
        // Outside of the try: what the reader throws is its own bug and not the broker's trouble.
        if (!this.#stopped) this.#options.onRecords();
      } else {
        if (this.#stopped) return;
        const known = asBrokerError(error);
        if (this.#relocate(known)) continue;
        this.#options.onTrouble(known);
        void cluster.refresh();
        await this.#sleep(Math.min(retryMsMax, backoffMs(cluster.random, tries++)));
      }
    }
  }

  async #fetch(): Promise<void> {
    const { cluster, topicId, partition, node, bytesMax, waitMs } = this.#options;
    const offset = this.#fetchOffset;
    this.#target = cluster.leader(topicId, partition);
    const connection =
      node === undefined
        ? await cluster.connectLeader(topicId, partition)
        : await cluster.connect(node);
    if (this.#stopped) return;
    const lastTerm = this.#terms.termAt(offset - 1);
    const replica = node !== undefined;
    const request = { topicId, partition, offset, lastTerm, bytesMax, waitMs, replica };
    const call = connection.call('fetch', request, waitMs + graceMs);
    const answer = await Promise.race([call, this.#interrupted()]);
    if (this.#stopped || answer === undefined) return;
    this.#highWatermark = answer.highWatermark;
    if (answer.batches.length === 0) return;
    this.#fetchOffset = this.#terms.follow(answer.batches, offset);
    this.#ready.push(new RecordReader({ batches: answer.batches, partition, from: offset }));
  }

  /** True when the answer was about where to read, and that is settled now. */
  #relocate(error: BrokerError): boolean {
    const { code, detail } = error;
    if (detail === undefined) return false;
    if (code !== 'diverged' && code !== 'offset-out-of-range') return false;
    // Out of range at the far end is a cut as well, of a log whose terms the reader did not know.
    if (detail < this.#fetchOffset) {
      this.#ready = [];
      this.#terms.cutAt(detail);
      const reported = detail < this.#position;
      this.#position = Math.min(this.#position, detail);
      this.#fetchOffset = this.#position;
      if (reported) this.#options.onDiverged(detail);
      return true;
    }
    if (code === 'offset-out-of-range' && detail > this.#fetchOffset) {
      this.#ready = [];
      this.#position = detail;
      this.#fetchOffset = detail;
      this.#options.onSkipped(detail);
      return true;
    }
    return false;
  }

  /** Resolves when the fetch under way should be given up for one to the new leader. */
  #interrupted(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#interrupt = () => resolve(undefined);
    });
  }

  #leaderChanged(): void {
    const { cluster, topicId, partition, node } = this.#options;
    if (node !== undefined) return;
    const known = cluster.leader(topicId, partition);
    if (known.leader === 0 || known.term <= this.#target.term) return;
    if (known.leader !== this.#target.leader) this.#interrupt?.();
    this.#wake?.();
  }

  #sleep(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer =
        ms === undefined ? undefined : this.#options.cluster.clock.setTimer(ms, () => resolve());
      this.#wake = () => {
        timer?.cancel();
        resolve();
      };
    });
  }
}
