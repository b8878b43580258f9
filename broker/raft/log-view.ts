import { assert } from '../assert.ts';
import type { Entry, RaftLog, SnapshotMark } from './types.ts';

/**
 * The log as the core must see it between two Readys: what the shell has, overlaid with what it
 * has not been handed yet. `pending` entries replace everything from their first index on; a
 * snapshot that waits to be installed replaces everything there was.
 */
export class LogView {
  readonly #log: RaftLog;
  #pending: Entry[] = [];
  #pendingBytes = 0;
  #installing: SnapshotMark | undefined;
  #lastIndex: number;

  constructor(log: RaftLog) {
    this.#log = log;
    this.#lastIndex = log.lastIndex;
  }

  get firstIndex(): number {
    return this.#installing === undefined ? this.#log.firstIndex : this.#installing.index + 1;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  get lastTerm(): number {
    const term = this.termAt(this.#lastIndex);
    assert(term !== undefined, 'the last entry has a term');
    return term;
  }

  get lastPending(): Entry | undefined {
    return this.#pending[this.#pending.length - 1];
  }

  /** Everything below is in the shell's hands. */
  get pendingFrom(): number {
    const first = this.#pending[0];
    return first === undefined ? this.#lastIndex + 1 : first.index;
  }

  termAt(index: number): number | undefined {
    if (index > this.#lastIndex) return undefined;
    const first = this.#pending[0];
    if (first !== undefined && index >= first.index) {
      return this.#pending[index - first.index]!.term;
    }
    const mark = this.#installing;
    if (mark !== undefined) return index === mark.index ? mark.term : undefined;
    return this.#log.termAt(index);
  }

  /** As `RaftLog.entriesInMemory`; the array must not be changed by anyone. */
  entries(from: number, bytesMax: number): readonly Entry[] | undefined {
    const pendingFrom = this.pendingFrom;
    if (from >= pendingFrom) {
      if (from === pendingFrom && this.#pendingBytes <= bytesMax) return this.#pending;
      return upTo(this.#pending, from - pendingFrom, bytesMax);
    }
    if (this.#installing !== undefined) return undefined;
    const found = this.#log.entriesInMemory(from, bytesMax);
    const last = found?.[found.length - 1];
    if (found === undefined || last === undefined || last.index < pendingFrom) return found;
    return found.slice(0, pendingFrom - from);
  }

  append(entry: Entry): void {
    assert(entry.index === this.#lastIndex + 1, 'entries follow each other');
    this.#pending.push(entry);
    this.#pendingBytes += entry.bytes.length;
    this.#lastIndex = entry.index;
  }

  /** Drops everything after `index`; entries must follow before the next Ready. */
  truncateAfter(index: number): void {
    const first = this.#pending[0];
    const keep = first === undefined ? 0 : Math.max(0, index + 1 - first.index);
    for (const entry of this.#pending.splice(keep)) this.#pendingBytes -= entry.bytes.length;
    this.#lastIndex = index;
  }

  takePending(): readonly Entry[] {
    const taken = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    return taken;
  }

  install(mark: SnapshotMark): void {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#installing = mark;
    this.#lastIndex = mark.index;
  }

  /** The shell's log now starts after the mark. */
  installed(mark: SnapshotMark): void {
    if (this.#installing !== mark) return;
    this.#installing = undefined;
  }
}

function upTo(entries: readonly Entry[], start: number, bytesMax: number): readonly Entry[] {
  let end = start;
  let bytes = 0;
  while (end < entries.length) {
    bytes += entries[end]!.bytes.length;
    if (end > start && bytes > bytesMax) break;
    end++;
  }
  return entries.slice(start, end);
}
