import type { Clock, Timer } from '../env/clock.ts';

/**
 * The node's one periodic timer. Ticks carry the monotonic time that really passed, so that a
 * process that was paused sees one long tick.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onTick: (elapsedMs: number) => void;
  #lastMs: number;
  #timer: Timer | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly intervalMs: number;
    readonly onTick: (elapsedMs: number) => void;
  }) {
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs;
    this.#onTick = options.onTick;
    this.#lastMs = options.clock.monotonicMs();
    this.#timer = options.clock.setTimer(options.intervalMs, () => this.#fire());
  }

  /**
   * Called before bytes off the network are looked at. After a pause the event loop may hand out
   * what the kernel had queued before it fires a timer; the tick must come first, because it is
   * what makes a leader of long ago step down.
   */
  catchUp(): void {
    if (this.#timer === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastMs >= 2 * this.#intervalMs) this.#tick(nowMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #fire(): void {
    if (this.#timer === undefined) return;
    this.#timer = this.#clock.setTimer(this.#intervalMs, () => this.#fire());
    this.#tick(this.#clock.monotonicMs());
  }

  #tick(nowMs: number): void {
    const elapsedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (elapsedMs > 0) this.#onTick(elapsedMs);
  }
}
