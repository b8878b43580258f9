import type { Clock, Timer } from '../clock.ts';
import type { Scheduler, SimScheduler } from './scheduler.ts';

/**
 * One life after another of a simulated process. Everything that happens to it (timers, messages,
 * disk completions) goes through here: a killed life gets none of it any more, so its code stops
 * where it stood; a paused one gets all of it at once when it resumes, which then sees one long
 * step of its clock. As a `Scheduler` it always means the life that is current when asked.
 */
export class SimProcess implements Scheduler, Clock {
  readonly #scheduler: SimScheduler;
  readonly #wallOriginMs: number;
  #life = 0;
  #paused = false;
  #held: (() => void)[] = [];

  constructor(scheduler: SimScheduler, options: { readonly wallOriginMs?: number } = {}) {
    this.#scheduler = scheduler;
    this.#wallOriginMs = options.wallOriginMs ?? 1_700_000_000_000;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Ends this life: nothing it waits for ever comes. The next call begins another. */
  kill(): void {
    this.#life++;
    this.#paused = false;
    this.#held = [];
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const held = this.#held;
    this.#held = [];
    for (const fire of held) this.#scheduler.schedule(0, fire);
  }

  /** Ties `fire` to the life that is current now. */
  bind(fire: () => void): () => void {
    const life = this.#life;
    const bound = (): void => {
      if (life !== this.#life) return;
      if (this.#paused) this.#held.push(bound);
      else fire();
    };
    return bound;
  }

  nowMs(): number {
    return this.#scheduler.nowMs();
  }

  schedule(delayMs: number, fire: () => void): Timer {
    return cancellable(fire, (bound) => this.#scheduler.schedule(delayMs, this.bind(bound)));
  }

  monotonicMs(): number {
    return this.#scheduler.nowMs();
  }

  wallMs(): number {
    return this.#wallOriginMs + Math.floor(this.#scheduler.nowMs());
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    return this.schedule(Math.max(0, delayMs), fire);
  }

  defer(fire: () => void): void {
    this.#scheduler.defer(this.bind(fire));
  }
}

/** A timer that is cancelled stays so even when its event is already held by a pause. */
function cancellable(fire: () => void, start: (fire: () => void) => Timer): Timer {
  let cancelled = false;
  const timer = start(() => {
    if (!cancelled) fire();
  });
  return {
    cancel() {
      cancelled = true;
      timer.cancel();
    },
  };
}
