/**
 * Tells first deliveries from repeated ones, for one group: up to which offset each partition was
 * delivered. Needs the deliveries in order of time. Without positions the broker's own mark decides.
 */
export class Delivered {
  readonly #upTo = new Map<number, number>();

  isFirst(partition: number, offset: number, redelivered: boolean): boolean {
    if (partition < 0 || offset < 0) return !redelivered;
    if (offset <= (this.#upTo.get(partition) ?? -1)) return false;
    this.#upTo.set(partition, offset);
    return true;
  }

  /** The log was cut at `offset`: what comes from there on is new. */
  cut(partition: number, offset: number): void {
    const upTo = this.#upTo.get(partition);
    if (upTo !== undefined && upTo >= offset) this.#upTo.set(partition, offset - 1);
  }
}
