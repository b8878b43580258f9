import { assert } from '../assert.ts';
import { readU64 } from '../protocol/integers.ts';
import type { Entry } from '../raft/types.ts';
import { isGathered } from './gather.ts';

/** Memory of an entry beyond its bytes: the objects around them. */
const entryOverheadBytes = 200;

/**
 * The newest entries of a log, contiguous up to its end. An entry may be dropped from the front
 * once it can be read from disk. What is counted is the memory that is really held: a batch that
 * is a slice of a bigger buffer is charged with all of that buffer, once.
 */
export class EntryCache {
  readonly #bytesMax: number;
  #entries: (Entry | undefined)[] = [];
  /** Position in `#entries` of the first entry that is still held. */
  #head = 0;
  #firstIndex: number;
  #bytes = 0;
  #chargedAtEnd: ArrayBufferLike | undefined;
  #chargedAtFront: ArrayBufferLike | undefined;

  constructor(options: { readonly bytesMax: number; readonly nextIndex: number }) {
    this.#bytesMax = options.bytesMax;
    this.#firstIndex = options.nextIndex;
  }

  /** Index of the first entry held; `nextIndex` when there is none. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  get nextIndex(): number {
    return this.#firstIndex + this.#entries.length - this.#head;
  }

  /** Memory that the entries hold. */
  get bytes(): number {
    return this.#bytes;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    const bytes = entry.bytes;
    this.#bytes += entryOverheadBytes;
    if (isGathered(bytes)) this.#bytes += bytes.length;
    else if (bytes.buffer !== this.#chargedAtEnd) {
      this.#bytes += bytes.buffer.byteLength;
      this.#chargedAtEnd = bytes.buffer;
    }
  }

  /** Drops entries up to `indexMax` from the front while more is held than allowed. */
  evict(indexMax: number): void {
    while (this.#bytes > this.#bytesMax && this.#firstIndex <= indexMax) this.#shift();
    this.#compact();
  }

  dropBefore(index: number): void {
    while (this.#firstIndex < index && this.#head < this.#entries.length) this.#shift();
    this.#firstIndex = Math.max(this.#firstIndex, index);
    this.#compact();
  }

  truncateAfter(index: number): void {
    if (index + 1 < this.#firstIndex) {
      this.reset(index + 1);
      return;
    }
    const kept = this.#entries.slice(this.#head, this.#head + (index + 1 - this.#firstIndex));
    const firstIndex = this.#firstIndex;
    this.reset(firstIndex);
    for (const entry of kept) this.push(entry!);
  }

  reset(nextIndex: number): void {
    this.#entries = [];
    this.#head = 0;
    this.#firstIndex = nextIndex;
    this.#bytes = 0;
    this.#chargedAtEnd = undefined;
    this.#chargedAtFront = undefined;
  }

  at(index: number): Entry {
    const entry = this.#entries[this.#head + index - this.#firstIndex];
    assert(entry !== undefined, 'the entry is held');
    return entry;
  }

  /** At least one entry when `from` is held, then up to about `bytesMax`. */
  slice(from: number, bytesMax: number): readonly Entry[] {
    const start = this.#head + from - this.#firstIndex;
    let end = start;
    let bytes = 0;
    while (end < this.#entries.length) {
      bytes += this.#entries[end]!.bytes.length;
      if (bytes > bytesMax && end > start) break;
      end++;
    }
    return this.#entries.slice(start, end) as Entry[];
  }

  /** Index of the batch that holds the record at `offset`; undefined when it is not held. */
  indexOfOffset(offset: number): number | undefined {
    let low = this.#head;
    let high = this.#entries.length - 1;
    if (high < low || baseOffset(this.#entries[low]!) > offset) return undefined;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (baseOffset(this.#entries[middle]!) <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#firstIndex + low - this.#head;
  }

  #shift(): void {
    const bytes = this.#entries[this.#head]!.bytes;
    this.#entries[this.#head] = undefined;
    this.#head++;
    this.#firstIndex++;
    this.#bytes -= entryOverheadBytes;
    if (isGathered(bytes)) this.#bytes -= bytes.length;
    else if (bytes.buffer !== this.#chargedAtFront) {
      this.#bytes -= bytes.buffer.byteLength;
      this.#chargedAtFront = bytes.buffer;
    }
  }

  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

function baseOffset(entry: Entry): number {
  return readU64(entry.bytes, 8);
}
