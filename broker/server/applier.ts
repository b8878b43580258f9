import { assert } from '../assert.ts';
import { BrokerError } from '../errors.ts';
import { readU32, readU64 } from '../protocol/integers.ts';
import type { Entry, SnapshotMark } from '../raft/types.ts';
import { replicaFailure } from './replica-failure.ts';
import type { ReplicaLog } from './replica-log.ts';
import type { StateMachine } from './state-machine.ts';

interface StoredSnapshot {
  readonly mark: SnapshotMark;
  readonly nextOffset: number;
  readonly data: Buffer;
}

const beforeTheFirst: StoredSnapshot = {
  mark: { index: 0, term: 0 },
  nextOffset: 0,
  data: Buffer.alloc(0),
};
const loadBytesMax = 1024 * 1024;

/**
 * Feeds the state machine with committed entries in order: from memory while they pass through,
 * from the log after a restart. Takes a snapshot where a segment begins, and goes back to one
 * where a log that may forget has cut what was applied.
 */
export class Applier {
  readonly #log: ReplicaLog;
  readonly #machine: StateMachine;
  /** Everything from `#queue[#head]` to the end of the log, as it was appended in this life. */
  #queue: Entry[] = [];
  #head = 0;
  #queuedBytes = 0;
  #appliedIndex = 0;
  #commitIndex = 0;
  /** Raised whenever the machine is set back, so that work begun before is dropped. */
  #epoch = 0;
  #loading = false;
  #stopped = false;
  onMoved: () => void = () => {};
  onFailed: (error: BrokerError) => void = () => {};

  constructor(options: { readonly log: ReplicaLog; readonly machine: StateMachine }) {
    this.#log = options.log;
    this.#machine = options.machine;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Brings the machine to the latest snapshot. */
  async recover(): Promise<void> {
    this.#set(await this.latestSnapshot(this.#log.lastIndex));
  }

  /** The latest snapshot that belongs to this log and lies at or below `index`. */
  async latestSnapshot(index: number): Promise<StoredSnapshot> {
    for (let below = index; ;) {
      const found = await this.#log.latestSnapshot(below);
      if (found === undefined || found.mark.index === 0) break;
      if (this.#log.termAt(found.mark.index) === found.mark.term) return found;
      below = found.mark.index - 1;
    }
    if (this.#log.firstIndex === 1) return beforeTheFirst;
    throw new BrokerError(
      'corrupt-log',
      `the log starts at index ${this.#log.firstIndex} and no snapshot leads up to it`,
    );
  }

  push(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#queue.push(entry);
      this.#queuedBytes += entry.bytes.length;
    }
  }

  /** The log was cut; if that takes back what was applied, the machine starts over. */
  truncateAfter(index: number): void {
    while (this.#queue.length > this.#head && this.#queue[this.#queue.length - 1]!.index > index) {
      this.#queuedBytes -= this.#queue.pop()!.bytes.length;
    }
    this.#commitIndex = Math.min(this.#commitIndex, index);
    // What is being loaded may have been cut as well.
    if (index >= this.#appliedIndex && !this.#loading) return;
    this.reset();
    const epoch = this.#epoch;
    this.#loading = true;
    this.latestSnapshot(index).then(
      (snapshot) => {
        if (epoch !== this.#epoch || this.#stopped) return;
        this.#loading = false;
        this.#set(snapshot);
        this.onMoved();
      },
      (error: unknown) => this.#fail(epoch, error),
    );
  }

  /** Forgets everything: the machine is as before the first entry. */
  reset(): void {
    this.#epoch++;
    this.#loading = false;
    this.#queue = [];
    this.#head = 0;
    this.#queuedBytes = 0;
    this.#appliedIndex = 0;
    this.#commitIndex = 0;
    this.#machine.restore(undefined);
  }

  /** Goes on from a snapshot that was just installed. */
  restart(snapshot: { readonly mark: SnapshotMark; readonly data: Buffer }): void {
    this.reset();
    this.#set(snapshot);
  }

  /** Applies what is committed and at hand; loads the rest and goes on by itself. */
  advance(commitIndex: number): void {
    this.#commitIndex = commitIndex;
    while (this.#appliedIndex < commitIndex && !this.#loading && !this.#stopped) {
      const first = this.#queue[this.#head];
      if (first !== undefined && first.index <= this.#appliedIndex + 1) this.#applyQueued();
      else this.#applyStored(first === undefined ? commitIndex : first.index - 1);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#epoch++;
  }

  #applyQueued(): void {
    const queue = this.#queue;
    while (this.#head < queue.length) {
      const entry = queue[this.#head]!;
      if (entry.index > this.#commitIndex) break;
      this.#head++;
      this.#queuedBytes -= entry.bytes.length;
      if (entry.index === this.#appliedIndex + 1) this.#apply(entry);
    }
    if (this.#head === queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > queue.length) {
      queue.splice(0, this.#head);
      this.#head = 0;
    }
  }

  #applyStored(lastIndex: number): void {
    const from = this.#appliedIndex + 1;
    const until = Math.min(lastIndex, this.#commitIndex);
    const inMemory = this.#log.entriesInMemory(from, loadBytesMax);
    if (inMemory !== undefined) {
      this.#applyAll(inMemory, until);
      return;
    }
    const epoch = this.#epoch;
    this.#loading = true;
    this.#log.loadEntries(from, loadBytesMax).then(
      (entries) => {
        if (epoch !== this.#epoch || this.#stopped) return;
        this.#loading = false;
        this.#applyAll(entries, Math.min(until, this.#commitIndex));
        this.onMoved();
      },
      (error: unknown) => this.#fail(epoch, error),
    );
  }

  #applyAll(entries: readonly Entry[], until: number): void {
    assert(entries[0]?.index === this.#appliedIndex + 1, 'the log has what is committed');
    for (const entry of entries) {
      if (entry.index > until) break;
      this.#apply(entry);
    }
  }

  #apply(entry: Entry): void {
    this.#machine.apply(entry);
    this.#appliedIndex = entry.index;
    if (!this.#log.snapshotDue(entry.index)) return;
    const mark = { index: entry.index, term: entry.term };
    const nextOffset = readU64(entry.bytes, 8) + readU32(entry.bytes, 56);
    const epoch = this.#epoch;
    this.#log.saveSnapshot(mark, nextOffset, this.#machine.snapshot()).catch((error: unknown) => {
      this.#fail(epoch, error);
    });
  }

  #set(snapshot: { readonly mark: SnapshotMark; readonly data: Buffer }): void {
    const { index } = snapshot.mark;
    this.#machine.restore(index === 0 ? undefined : snapshot.data);
    this.#appliedIndex = index;
    this.#commitIndex = Math.max(this.#commitIndex, index);
  }

  #fail(epoch: number, error: unknown): void {
    if (epoch !== this.#epoch || this.#stopped) return;
    // A snapshot that found no space is not missed until the next one.
    if (error instanceof BrokerError && error.code === 'disk-full') return;
    this.onFailed(replicaFailure(error));
  }
}
