import type { Fleet } from './fleet.ts';
import { ServiceWatch } from './service-watch.ts';
import type { StopSwitch } from './stop-switch.ts';

const lookMs = 1000;
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
  const watch = new ServiceWatch();
  while (performance.now() < deadlineMs) {
    await stop.sleep(lookMs);
    watch.look(fleet.totals());
    if (watch.heldMs >= heldMs) return true;
  }
  return false;
}
