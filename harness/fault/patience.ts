import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNanos } from '../measure/clock.ts';

const pollMs = 20;

/**
 * Asks again and again until the answer is not undefined, or the time is over; at least once.
 * `pauseMs` lies between an answer and the next question.
 */
export async function within<T>(
  patienceMs: number,
  ask: () => Promise<T | undefined>,
  pauseMs = pollMs,
): Promise<T | undefined> {
  const deadline = monotonicNanos() + patienceMs * 1e6;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || monotonicNanos() > deadline) return answer;
    await sleep(pauseMs);
  }
}
