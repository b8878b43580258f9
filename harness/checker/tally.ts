import { count } from '../record/count.ts';
import type { Anomaly } from './checker.ts';

const examplesMax = 10;

/** Counts anomalies by kind, and keeps the first witnesses of each. */
export class Tally {
  readonly #kinds = new Map<string, { count: number; examples: string[] }>();

  /** `witness` is asked for its line only while examples are still wanted. */
  add(kind: string, witness: () => string, count = 1): void {
    let kept = this.#kinds.get(kind);
    if (kept === undefined) this.#kinds.set(kind, (kept = { count: 0, examples: [] }));
    kept.count += count;
    if (kept.examples.length < examplesMax) kept.examples.push(witness());
  }

  /** Of one kind, or of all. */
  count(kind?: string): number {
    if (kind !== undefined) return this.#kinds.get(kind)?.count ?? 0;
    let sum = 0;
    for (const { count } of this.#kinds.values()) sum += count;
    return sum;
  }

  anomalies(): Anomaly[] {
    return [...this.#kinds].map(([kind, { count, examples }]) => ({ kind, count, examples }));
  }

  /** "3 lost-tail, 1 lost-middle"; a note on a kind stands behind it in brackets. */
  inWords(notes: Readonly<Record<string, string>> = {}): string {
    return [...this.#kinds]
      .map(([kind, kept]) => {
        const note = notes[kind];
        return `${count(kept.count)} ${kind}${note === undefined ? '' : ` (${note})`}`;
      })
      .join(', ');
  }
}
