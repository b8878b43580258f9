import type { Fleet } from './fleet.ts';
import type { StopSwitch } from './stop-switch.ts';

const lookMs = 250;

/**
 * Waits until the producers have sent all that was due and know what became of it, however long
 * that takes a broker that is behind. Resolves with false when nothing more was sent or acked for
 * `patienceMs`: then somebody has to stop them, so that nothing is acked after the final read.
 */
export async function untilDone(options: {
  readonly fleet: Pick<Fleet, 'producers' | 'totals'>;
  readonly stop: Pick<StopSwitch, 'unlessStopped'>;
  readonly patienceMs: number;
}): Promise<boolean> {
  const { fleet, stop, patienceMs } = options;
  const done = Promise.all(fleet.producers.map((producer) => producer.done())).then(() => true);
  let [before, sinceMs] = [-1, performance.now()];
  for (;;) {
    const { sent, acked } = fleet.totals();
    if (sent + acked !== before) [before, sinceMs] = [sent + acked, performance.now()];
    else if (performance.now() - sinceMs > patienceMs) return false;
    let timer: NodeJS.Timeout | undefined;
    const later = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, lookMs, false);
    });
    const isDone = await stop.unlessStopped(Promise.race([done, later]));
    clearTimeout(timer);
    if (isDone) return true;
  }
}
