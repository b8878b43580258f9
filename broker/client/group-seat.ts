import type { BrokerError } from '../errors.ts';
import type { ClusterClient } from './cluster.ts';
import { CursorCommitter } from './cursor-committer.ts';
import { asBrokerError } from './errors.ts';
import { PartitionFetcher } from './partition-fetcher.ts';
import type { ConsumedRecord } from './record-reader.ts';

export interface GroupSeatOptions {
  readonly cluster: ClusterClient;
  readonly topicId: number;
  readonly partition: number;
  readonly group: string;
  readonly generation: number;
  readonly fetchBytesMax: number;
  readonly fetchWaitMs: number;
  readonly commitIntervalMs: number;
  readonly onOpened: (offset: number) => void;
  readonly onRecords: () => void;
  readonly onDiverged: (offset: number) => void;
  /** A later generation has the partition. */
  readonly onFenced: () => void;
  readonly onNote: (note: string) => void;
}

const openForMs = 3_600_000;

/** One partition that a member owns in one generation: opened, read, committed, given back. */
export class GroupSeat {
  readonly partition: number;
  readonly #options: GroupSeatOptions;
  #fetcher: PartitionFetcher | undefined;
  #committer: CursorCommitter | undefined;
  /** Everything below is acked. */
  #acked = 0;
  #closed = false;
  #lastTrouble: string | undefined;

  constructor(options: GroupSeatOptions) {
    this.#options = options;
    this.partition = options.partition;
  }

  get opened(): boolean {
    return this.#fetcher !== undefined;
  }

  /** Handed out and not acked. */
  get unacked(): number {
    return this.#fetcher === undefined ? 0 : Math.max(0, this.#fetcher.position - this.#acked);
  }

  /** Raises the cursor's generation, which fences whoever had it before, and starts to read. */
  async open(): Promise<void> {
    const { cluster, topicId, partition, group, generation } = this.#options;
    const stop = (error: BrokerError): boolean => {
      this.#trouble(error);
      return this.#closed;
    };
    const options = { timeoutMs: openForMs, stop };
    try {
      const request = { topicId, partition, group, generation };
      const cursor = await cluster.callLeader('openCursor', request, options);
      let { offset } = cursor;
      if (offset < 0 && !this.#closed) {
        const asked = { topicId, partition, replica: false };
        offset = (await cluster.callLeader('listOffsets', asked, options)).logStartOffset;
      }
      if (!this.#closed) this.#begin(offset, cursor.offset);
    } catch (error) {
      if (this.#closed) return;
      const known = asBrokerError(error);
      if (known.code === 'fenced') this.#options.onFenced();
      else this.#trouble(known);
    }
  }

  #begin(offset: number, committed: number): void {
    const { cluster, topicId, partition, group, generation, onNote } = this.#options;
    const onTrouble = (error: BrokerError): void => this.#trouble(error);
    this.#acked = offset;
    this.#committer = new CursorCommitter({
      cluster,
      topicId,
      partition,
      group,
      generation,
      offset: Math.max(0, committed),
      intervalMs: this.#options.commitIntervalMs,
      onFenced: this.#options.onFenced,
      onTrouble,
    });
    this.#fetcher = new PartitionFetcher({
      cluster,
      topicId,
      partition,
      offset,
      bytesMax: this.#options.fetchBytesMax,
      waitMs: this.#options.fetchWaitMs,
      onRecords: () => {
        this.#lastTrouble = undefined;
        this.#options.onRecords();
      },
      onDiverged: (to) => {
        this.#acked = Math.min(this.#acked, to);
        this.#committer?.rewind(to);
        this.#options.onDiverged(to);
      },
      onSkipped: (to) => {
        this.#acked = to;
        onNote(`partition ${partition}: the log begins at ${to} now; what came before is gone`);
      },
      onTrouble,
    });
    this.#options.onOpened(offset);
    this.#fetcher.start();
  }

  read(): ConsumedRecord | undefined {
    return this.#fetcher?.read();
  }

  /** Everything up to and including `offset` is done. What was not handed out cannot be. */
  ack(offset: number): void {
    const end = Math.min(offset + 1, this.#fetcher?.position ?? 0);
    if (end <= this.#acked) return;
    this.#acked = end;
    this.#committer?.advance(end);
  }

  /** No more records; what was acked is committed, for at most `flushMs`. */
  async close(flushMs: number): Promise<void> {
    this.#closed = true;
    this.#fetcher?.stop();
    if (flushMs > 0) await this.#committer?.flush(flushMs);
    this.#committer?.stop();
  }

  /** The same trouble again is not worth another note, nor is a leader that has moved. */
  #trouble(error: BrokerError): void {
    if (this.#closed || this.#lastTrouble === error.code || error.code === 'not-leader') return;
    this.#lastTrouble = error.code;
    const { partition, onNote } = this.#options;
    onNote(`partition ${partition}: ${error.code}: ${error.message}`);
  }
}
