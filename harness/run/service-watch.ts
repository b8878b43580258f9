import type { LoadTotals } from './fleet.ts';

/** Served is what is acked within this. */
const servedMs = 2000;

type Counts = Pick<LoadTotals, 'sent' | 'acked' | 'unacked' | 'inFlight'>;

/** For how long all that producers send has been acked within two seconds, and something was. */
export class ServiceWatch {
  readonly #sent: { readonly atMs: number; readonly count: number }[] = [];
  #before: Counts | undefined;
  #heldSinceMs: number | undefined;
  #atMs = 0;

  /** To be called once a second. */
  look(totals: Counts): void {
    const now = (this.#atMs = performance.now());
    const [sent, before] = [this.#sent, this.#before];
    while (sent.length > 1 && sent[1]!.atMs <= now - servedMs) sent.shift();
    const due = sent[0]?.count ?? Infinity;
    sent.push({ atMs: now, count: totals.sent });
    const isServed =
      before !== undefined &&
      totals.sent - totals.inFlight >= due &&
      totals.unacked === before.unacked &&
      totals.acked > before.acked;
    this.#before = totals;
    this.#heldSinceMs = isServed ? (this.#heldSinceMs ?? now) : undefined;
  }

  /** As of the last look; 0 where it did not hold then. */
  get heldMs(): number {
    return this.#heldSinceMs === undefined ? 0 : this.#atMs - this.#heldSinceMs;
  }
}
