/** A pending timer; `cancel` is idempotent and safe after it fired. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as a part that is passed in. The monotonic clock drives every decision (elections,
 * sessions, lingers); the wall clock only stamps records. Real part: `env/real.ts`; simulated
 * twin: `env/sim/`.
 */
export interface Clock {
  /** Monotonic milliseconds with a fraction; never goes back; origin is arbitrary. */
  monotonicMs(): number;
  /** Unix time in milliseconds; may jump. */
  wallMs(): number;
  /** Calls `fire` once, after at least `delayMs` of monotonic time. */
  setTimer(delayMs: number, fire: () => void): Timer;
  /** Calls `fire` after the current turn of the event loop, before any timer. */
  defer(fire: () => void): void;
}
