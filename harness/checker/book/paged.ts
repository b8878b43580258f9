/**
 * Growing columns of numbers. Pages instead of doubling: growth never copies and never holds the
 * old and the new column at once.
 */
const pageBits = 10;
const pageSize = 1 << pageBits;
const slotMask = pageSize - 1;

export class PagedUint32 {
  length = 0;
  readonly #pages: Uint32Array[] = [];

  push(value: number): void {
    const page = this.length >>> pageBits;
    if (page === this.#pages.length) this.#pages.push(new Uint32Array(pageSize));
    this.#pages[page]![this.length & slotMask] = value;
    this.length++;
  }

  /** `index` below `length`. */
  get(index: number): number {
    return this.#pages[index >>> pageBits]![index & slotMask]!;
  }
}

export class PagedFloat64 {
  length = 0;
  readonly #pages: Float64Array[] = [];

  push(value: number): void {
    const page = this.length >>> pageBits;
    if (page === this.#pages.length) this.#pages.push(new Float64Array(pageSize));
    this.#pages[page]![this.length & slotMask] = value;
    this.length++;
  }

  /** `index` below `length`. */
  get(index: number): number {
    return this.#pages[index >>> pageBits]![index & slotMask]!;
  }
}
