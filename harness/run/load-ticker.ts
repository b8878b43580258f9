import { monotonicNanos } from '../measure/clock.ts';
import type { Fleet, LoadTotals } from './fleet.ts';
import type { Progress } from './run-types.ts';

/** Tells once a second how the load is going. */
export class LoadTicker {
  readonly #timer: NodeJS.Timeout;

  constructor(options: {
    readonly fleet: Fleet;
    readonly originNanos: number;
    readonly totalMs: number;
    readonly onProgress: (progress: Extract<Progress, { type: 'load' }>) => void;
  }) {
    const { fleet, originNanos, totalMs, onProgress } = options;
    let last: Pick<LoadTotals, 'sent' | 'acked' | 'delivered'> = {
      sent: 0,
      acked: 0,
      delivered: 0,
    };
    let lastNanos = monotonicNanos();
    this.#timer = setInterval(() => {
      const now = monotonicNanos();
      const totals = fleet.totals();
      const seconds = (now - lastNanos) / 1e9;
      onProgress({
        type: 'load',
        atMs: (now - originNanos) / 1e6,
        totalMs,
        ...totals,
        sentPerSecond: (totals.sent - last.sent) / seconds,
        ackedPerSecond: (totals.acked - last.acked) / seconds,
        deliveredPerSecond: (totals.delivered - last.delivered) / seconds,
      });
      last = totals;
      lastNanos = now;
    }, 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
