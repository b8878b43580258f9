const pageBits = 12;
const pageSize = 1 << pageBits;
const slotMask = pageSize - 1;

interface Page {
  readonly times: Float64Array;
  begun: number;
  pending: number;
}

/**
 * When each message in flight was invoked. Pages are recycled once all of their messages are
 * complete, so that memory follows what is in flight and not the length of the run.
 */
export class InFlight {
  readonly #pages = new Map<number, Page>();
  readonly #spare: Page[] = [];

  begin(id: number, time: number): void {
    const number = id >>> pageBits;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = this.#spare.pop() ?? { times: new Float64Array(pageSize), begun: 0, pending: 0 };
      page.times.fill(Number.NaN);
      page.begun = 0;
      this.#pages.set(number, page);
    }
    page.times[id & slotMask] = time;
    page.begun++;
    page.pending++;
  }

  /** The time it began; NaN when it is not in flight. */
  begunAt(id: number): number {
    return this.#pages.get(id >>> pageBits)?.times[id & slotMask] ?? Number.NaN;
  }

  /** The same, and it is in flight no more. */
  end(id: number): number {
    const number = id >>> pageBits;
    const time = this.begunAt(id);
    if (Number.isNaN(time)) return time;
    const page = this.#pages.get(number)!;
    page.times[id & slotMask] = Number.NaN;
    page.pending--;
    if (page.pending === 0 && page.begun === pageSize) {
      this.#pages.delete(number);
      this.#spare.push(page);
    }
    return time;
  }

  /** What never completed. */
  forEach(visit: (id: number, time: number) => void): void {
    for (const [number, page] of this.#pages) {
      if (page.pending === 0) continue;
      page.times.forEach((time, slot) => {
        if (!Number.isNaN(time)) visit(number * pageSize + slot, time);
      });
    }
  }
}
