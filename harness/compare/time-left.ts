/**
 * How long the rest of a grid takes: the planned loads, plus around each of them what those before
 * it took on average beyond their own.
 */
export class TimeLeft {
  /** Of cells that are not over, by id. */
  readonly #planned: Map<string, number>;
  #overheadMs = 0;
  #ended = 0;

  constructor(plannedMs: ReadonlyMap<string, number>) {
    this.#planned = new Map(plannedMs);
  }

  ended(cell: string, tookMs: number): void {
    this.#overheadMs += Math.max(0, tookMs - (this.#planned.get(cell) ?? tookMs));
    this.#ended++;
    this.#planned.delete(cell);
  }

  ms(): number {
    const loads = [...this.#planned.values()].reduce((sum, ms) => sum + ms, 0);
    const overheadMs = this.#ended === 0 ? firstGuessMs : this.#overheadMs / this.#ended;
    return loads + this.#planned.size * overheadMs;
  }
}

/** Start, drain, final read, judgement. */
const firstGuessMs = 4000;
