import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNanos } from '../measure/clock.ts';

/** The run is to end now; whoever threw the switch has told why. */
export class Stopped extends Error {
  constructor() {
    super('the run was to end');
  }
}

/**
 * Lets whatever a run waits for be cut short, once and for all. Nothing may stay behind that keeps
 * the process from ending: who waits for a time alone does so by `sleep` or `until`.
 */
export class StopSwitch {
  readonly #controller = new AbortController();

  constructor() {
    // Each wait that is under way listens; none stays.
    setMaxListeners(0, this.#controller.signal);
  }

  get thrown(): boolean {
    return this.#controller.signal.aborted;
  }

  throw(): void {
    this.#controller.abort();
  }

  /** Rejects with `Stopped` as soon as the switch is thrown; what was under way ends by itself. */
  unlessStopped<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new Stopped());
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  /** As `unlessStopped`; no timer outlives it. */
  async sleep(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#controller.signal });
    } catch {
      throw new Stopped();
    }
  }

  async until(nanos: number): Promise<void> {
    for (;;) {
      const leftMs = (nanos - monotonicNanos()) / 1e6;
      if (leftMs <= 0) return;
      await this.sleep(leftMs);
    }
  }
}
