import { setTimeout as sleep } from 'node:timers/promises';
import type { MeasuredExposure } from '../checker/book/exposure.ts';
import type { Hit } from '../checker/promise/harm.ts';
import { promiseOf } from '../checker/promise/promise.ts';
import type { Session } from '../driver/driver.ts';
import type { Plan } from '../scenario/plan-types.ts';

const answerMsMax = 500;

/**
 * What a fault that is about to hit puts at risk, all its victims together. Undefined where its
 * promise is that nothing is lost, since asking would only come between plan and deed; and where
 * the broker could not tell in time, a single node that runs included, which makes the run
 * inconclusive: what such a node holds would count as exposed, and excuse the loss of all of it.
 */
export async function measureExposure(
  session: Pick<Session, 'exposure'> | undefined,
  plan: Plan,
  hit: Hit,
  /** Whether a node can answer, as the operating system knows. */
  runs: (node: number) => Promise<boolean>,
): Promise<MeasuredExposure | undefined> {
  const promise = promiseOf(plan, hit);
  if (hit.nodes.length === 0 || promise.loss === 'none') return undefined;
  const asked =
    promise.exposes === 'lag'
      ? session?.exposure?.([], 'all')
      : session?.exposure?.(hit.nodes, promise.exposes);
  const patience = new AbortController();
  try {
    const late = sleep(answerMsMax, undefined, { ref: false, signal: patience.signal });
    late.catch(() => undefined);
    const exposure = await Promise.race([asked?.catch(() => undefined), late]);
    if (exposure === undefined) return undefined;
    const { silent, askedAtNanos, ...measured } = exposure;
    const running = await Promise.all(silent.map(runs));
    return running.includes(true) ? undefined : { ...measured, measuredAtNanos: askedAtNanos };
  } finally {
    patience.abort();
  }
}
