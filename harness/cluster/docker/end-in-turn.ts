import { setTimeout as sleep } from 'node:timers/promises';

/** A container is ended in a tenth of it. */
const turnMsMaxUnsaid = 2_000;
/** Within the time that a supervisor has for all. */
const turnsMsMax = 10_000;

/**
 * Ends containers one after the other, each until it is off its networks: where one joins or leaves a
 * network while another leaves it, a Docker Engine of 20.10 may lock itself up for good
 * (moby/moby#42545). `end` resolves with false where that failed. Where one fails or takes too long,
 * as on an engine that hangs, the rest is ended at once. Resolves when all ends have.
 */
export async function endInTurn<Container>(
  containers: readonly Container[],
  end: (container: Container) => Promise<boolean>,
  turnMsMax = turnMsMaxUnsaid,
): Promise<void> {
  const deadline = performance.now() + turnsMsMax;
  const left = [...containers];
  const ends: Promise<boolean>[] = [];
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const ended = end(next);
    ends.push(ended);
    if (!(await within(turnMsMax, ended)) || performance.now() > deadline) break;
  }
  await Promise.all([...ends, ...left.map(end)]);
}

/** False where it does not come to a good end in time. */
async function within(ms: number, ended: Promise<boolean>): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(ms, false, { signal: over.signal });
  late.catch(() => undefined);
  try {
    return await Promise.race([ended, late]);
  } finally {
    over.abort();
  }
}
