import type { Fleet } from './fleet.ts';
import type { StopSwitch } from './stop-switch.ts';

const lookMs = 1000;
/** Served is what is acked within this. */
const servedMs = 2000;
/** For longer than the judge asks of service that is back (`recovery`). */
const heldMs = 7000;

/**
 * Resolves with true once all that producers send is acked within two seconds, and that has held
 * for seven; with false where that did not come about within `patienceMs`.
 */
export async function untilServed(options: {
  readonly fleet: Pick<Fleet, 'totals'>;
  readonly stop: Pick<StopSwitch, 'sleep'>;
  readonly patienceMs: number;
}): Promise<boolean> {
  const { fleet, stop, patienceMs } = options;
  const deadlineMs = performance.now() + patienceMs;
  const sent: { atMs: number; count: number }[] = [];
  let before = fleet.totals();
  let heldSinceMs: number | undefined;
  while (performance.now() < deadlineMs) {
    await stop.sleep(lookMs);
    const [now, totals] = [performance.now(), fleet.totals()];
    while (sent.length > 1 && sent[1]!.atMs <= now - servedMs) sent.shift();
    const due = sent[0]?.count ?? Infinity;
    sent.push({ atMs: now, count: totals.sent });
    const isServed =
      totals.sent - totals.inFlight >= due &&
      totals.unacked === before.unacked &&
      totals.acked > before.acked;
    before = totals;
    if (!isServed) heldSinceMs = undefined;
    else if (now - (heldSinceMs ??= now) >= heldMs) return true;
  }
  return false;
}
