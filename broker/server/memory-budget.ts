/** What can be held back: a connection that is not read from while the node holds too much. */
interface Blocked {
  retry(): void;
}

/**
 * Bytes that the node holds for its connections, all together. Reading stops at three quarters of
 * the limit for requests, so that answers make room before anything has to be refused; at the
 * limit requests are answered `overloaded`.
 */
export class MemoryBudget {
  readonly #inFlightBytesMax: number;
  readonly #outputBytesMax: number;
  readonly #blocked = new Set<Blocked>();
  /** Requests taken and not answered yet. */
  inFlightBytes = 0;
  /** Answers not taken by their connection yet, reads from disk under way included. */
  outputBytes = 0;
  /** Frames of which only a part has arrived. */
  partialBytes = 0;

  constructor(limits: { readonly inFlightBytesMax: number; readonly outputBytesMax: number }) {
    this.#inFlightBytesMax = limits.inFlightBytesMax;
    this.#outputBytesMax = limits.outputBytesMax;
  }

  get overloaded(): boolean {
    return this.inFlightBytes >= this.#inFlightBytesMax;
  }

  get shouldStopReading(): boolean {
    return this.inFlightBytes >= this.#inFlightBytesMax * 0.75;
  }

  get outputFull(): boolean {
    return this.outputBytes >= this.#outputBytesMax;
  }

  /** Half of the limit for requests; whoever would go beyond loses the connection. */
  get partialFull(): boolean {
    return this.partialBytes >= this.#inFlightBytesMax / 2;
  }

  block(session: Blocked): void {
    this.#blocked.add(session);
  }

  unblock(session: Blocked): void {
    this.#blocked.delete(session);
  }

  /** Each turn that made room, and each tick. */
  retryBlocked(): void {
    if (this.#blocked.size === 0) return;
    for (const session of this.#blocked) session.retry();
  }
}
