import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { endingOf, type Ended } from '../cluster/docker/container-ending.ts';
import { statusOf } from '../cluster/docker/engine.ts';
import { monotonicNanos } from '../measure/clock.ts';

export interface Over extends Ended {
  /** Monotonic nanoseconds at which it was told. */
  readonly atNanos: number;
}

const pauseMs = 100;

/**
 * Resolves with how a container ended, once it has. An engine that goes away in between is asked
 * again, for `backMsMax`; one that answers is there, however often its answer is cut off on the way.
 */
export async function untilOver(
  docker: Docker,
  container: Docker.Container,
  { killed, backMsMax }: { readonly killed: () => boolean; readonly backMsMax: number },
): Promise<Over> {
  let deadline = Infinity;
  for (;;) {
    try {
      await container.wait();
      const atNanos = monotonicNanos();
      return { ...(await endingOf(docker, container, killed())), atNanos };
    } catch (error) {
      if (statusOf(error) === 404) return taken('removed by somebody else');
    }
    if (await answers(container)) deadline = Infinity;
    else deadline = Math.min(deadline, monotonicNanos() + backMsMax * 1e6);
    if (monotonicNanos() > deadline) return taken('its Docker Engine is gone');
    await sleep(pauseMs);
  }
}

async function answers(container: Docker.Container): Promise<boolean> {
  return container.inspect().then(
    () => true,
    (error) => statusOf(error) !== undefined,
  );
}

function taken(how: string): Over {
  return { code: null, signal: how, how, outOfMemory: false, atNanos: monotonicNanos() };
}
