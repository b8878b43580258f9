import { assert } from '../assert.ts';

/** From `index` and `offset` on, entries are of `term`, until the next range. */
export interface TermRange {
  readonly index: number;
  readonly offset: number;
  readonly term: number;
}

/** The terms of a log, as one short list: a term is a leader, and leaders change rarely. */
export class TermRanges {
  /** Rising in index and term; the first one covers the mark before the log. */
  #ranges: TermRange[];

  constructor(before: TermRange) {
    this.#ranges = [before];
  }

  get lastTerm(): number {
    return this.#ranges.at(-1)!.term;
  }

  /** Starts a new range when the term is not that of the last. */
  append(index: number, offset: number, term: number): void {
    if (term === this.lastTerm) return;
    assert(term > this.lastTerm, 'terms never fall along a log');
    this.#ranges.push({ index, offset, term });
  }

  /** For an index that the log knows. */
  termAt(index: number): number {
    const ranges = this.#ranges;
    let at = ranges.length - 1;
    while (at > 0 && ranges[at]!.index > index) at--;
    return ranges[at]!.term;
  }

  /** Term of the batch that holds the record at `offset`. */
  termOfOffset(offset: number): number {
    const ranges = this.#ranges;
    let at = ranges.length - 1;
    while (at > 0 && ranges[at]!.offset > offset) at--;
    return ranges[at]!.term;
  }

  /** Where records of terms above `term` begin; undefined when there are none. */
  firstOffsetAbove(term: number): number | undefined {
    return this.#ranges.find((range) => range.term > term)?.offset;
  }

  /** Ranges that begin in `from` up to `to`. */
  between(from: number, to: number): TermRange[] {
    return this.#ranges.filter((range) => range.index >= from && range.index <= to);
  }

  truncateAfter(index: number): void {
    while (this.#ranges.length > 1 && this.#ranges.at(-1)!.index > index) this.#ranges.pop();
  }

  /** Forgets what lies before `index`, but not the term at `index`. */
  dropBefore(index: number): void {
    let count = 0;
    while (count + 1 < this.#ranges.length && this.#ranges[count + 1]!.index <= index) count++;
    this.#ranges.splice(0, count);
  }
}
