import { batchHeaderBytes, BatchKind } from '../protocol/batch.ts';
import { readU64 } from '../protocol/integers.ts';

const termsMax = 64;

/**
 * Which terms a reader has seen, and from which offset on: so that after going back it can still
 * tell the leader the term of the record before, and a cut that reaches further back is found too.
 */
export class TermHistory {
  /** Ascending in both. */
  #runs: { readonly term: number; readonly from: number }[] = [];

  /** Term of the record at `offset`; 0 = not known. */
  termAt(offset: number): number {
    return this.#runs.findLast((run) => run.from <= offset)?.term ?? 0;
  }

  /** The log was cut there. */
  cutAt(offset: number): void {
    this.#runs = this.#runs.filter((run) => run.from < offset);
  }

  /** Notes the batches of one fetch; returns the offset behind them, or `from` when it is empty. */
  follow(batches: Buffer, from: number): number {
    let end = from;
    let at = 0;
    while (at + batchHeaderBytes <= batches.length) {
      const length = batches.readUInt32LE(at);
      if (length < batchHeaderBytes) break;
      if (batches.readUInt8(at + 37) === BatchKind.records) {
        const baseOffset = readU64(batches, at + 8);
        this.#note(readU64(batches, at + 16), baseOffset);
        end = Math.max(end, baseOffset + batches.readUInt32LE(at + 56));
      }
      at += length;
    }
    return end;
  }

  #note(term: number, from: number): void {
    const newest = this.#runs[this.#runs.length - 1];
    if (newest !== undefined && newest.term >= term) return;
    this.#runs.push({ term, from });
    if (this.#runs.length > termsMax) this.#runs.shift();
  }
}
