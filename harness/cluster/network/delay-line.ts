/** What travels over a link, in order: bytes, and how the sender ended. */
export type Parcel =
  | { readonly type: 'bytes'; readonly bytes: Buffer }
  | { readonly type: 'end' }
  | { readonly type: 'reset' };

export interface Delay {
  readonly delayMs: number;
  readonly jitterMs: number;
}

/** One way of one connection as a line of parcels with the time at which each is due. */
export class DelayLine {
  readonly #random: () => number;
  readonly #line: { readonly parcel: Parcel; dueMs: number }[] = [];
  #bytes = 0;

  /** `random` in [0, 1) draws the jitter. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the first parcel is due; undefined when there is none. */
  get dueMs(): number | undefined {
    return this.#line[0]?.dueMs;
  }

  /** Never due before the parcel ahead of it: TCP keeps the order. */
  push(parcel: Parcel, nowMs: number, { delayMs, jitterMs }: Delay): void {
    const held = delayMs + (2 * this.#random() - 1) * jitterMs;
    const dueMs = Math.max(nowMs + Math.max(0, held), this.#line.at(-1)?.dueMs ?? 0);
    this.#line.push({ parcel, dueMs });
    if (parcel.type === 'bytes') this.#bytes += parcel.bytes.length;
  }

  /** The first parcel, if it is due. */
  take(nowMs: number): Parcel | undefined {
    const first = this.#line[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.#line.shift();
    if (first.parcel.type === 'bytes') this.#bytes -= first.parcel.bytes.length;
    return first.parcel;
  }

  /** The delay is another now: what is on its way is held no longer than what follows it. */
  shorten(nowMs: number, { delayMs, jitterMs }: Delay): void {
    for (const held of this.#line) held.dueMs = Math.min(held.dueMs, nowMs + delayMs + jitterMs);
  }
}
