import type { Clock, Timer } from '../clock.ts';

export class RealClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const dueMs = performance.now() + delayMs;
    let timeout = setTimeout(check, Math.ceil(delayMs));
    // Node counts in whole milliseconds of its own loop time and may fire a little early.
    function check(): void {
      const leftMs = dueMs - performance.now();
      if (leftMs <= 0) fire();
      else timeout = setTimeout(check, Math.ceil(leftMs));
    }
    return { cancel: () => clearTimeout(timeout) };
  }

  defer(fire: () => void): void {
    setImmediate(fire);
  }
}
