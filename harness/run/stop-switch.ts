import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNanos } from '../measure/clock.ts';

/** The run is to end now; whoever threw the switch has told why. */
export class Stopped extends Error {}

/** Lets whatever a run waits for be cut short, once and for all. */
export class StopSwitch {
  readonly #controller = new AbortController();

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

  async until(nanos: number): Promise<void> {
    for (;;) {
      const leftMs = (nanos - monotonicNanos()) / 1e6;
      if (leftMs <= 0) return;
      await this.unlessStopped(sleep(leftMs));
    }
  }
}
