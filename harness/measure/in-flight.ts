const slots = 1 << 16;
const empty = -1;

/**
 * Joins the two halves of an operation within one producer. Nearly all find their place in a ring;
 * one that is overtaken by a whole round of the ring waits in a map, so that memory is bounded by
 * what is in flight and not by how long one of them stays there.
 */
export class InFlight {
  readonly #sequences = new Float64Array(slots).fill(empty);
  readonly #intended = new Float64Array(slots);
  readonly #times = new Float64Array(slots);
  readonly #overtaken = new Map<number, { intended: number; time: number }>();
  /** Of the operation that `take` found. */
  intended = 0;
  time = 0;

  put(sequence: number, intended: number, time: number): void {
    const slot = sequence % slots;
    const holder = this.#sequences[slot]!;
    if (holder !== empty && holder !== sequence) {
      this.#overtaken.set(holder, { intended: this.#intended[slot]!, time: this.#times[slot]! });
    }
    this.#sequences[slot] = sequence;
    this.#intended[slot] = intended;
    this.#times[slot] = time;
  }

  take(sequence: number): boolean {
    const slot = sequence % slots;
    if (this.#sequences[slot] === sequence) {
      this.#sequences[slot] = empty;
      this.intended = this.#intended[slot]!;
      this.time = this.#times[slot]!;
      return true;
    }
    const found = this.#overtaken.get(sequence);
    if (found === undefined) return false;
    this.#overtaken.delete(sequence);
    this.intended = found.intended;
    this.time = found.time;
    return true;
  }
}
