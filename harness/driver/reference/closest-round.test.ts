import { expect, test } from 'vitest';
import { closestRound, type Round } from './closest-round.ts';

/** Each round takes its span, or all the time there is where an answer is missing. */
async function asked(
  ...rounds: Round<string>[]
): Promise<{ answers: readonly string[]; rounds: number }> {
  let now = 0;
  let round = 0;
  const ask = (untilMs: number): Promise<Round<string>> => {
    const next = rounds[round++]!;
    now = Math.min(untilMs, now + next.spanMs);
    return Promise.resolve(next);
  };
  const { answers } = await closestRound(ask, 400, () => now);
  return { answers, rounds: round };
}

test('answers that are close together are taken at once', async () => {
  const first = { answers: ['a', 'b'], spanMs: 4, askedAtNanos: 1 };
  expect(await asked(first)).toEqual({ answers: ['a', 'b'], rounds: 1 });
});

test('of answers that lie apart the closest are taken, while there is time', async () => {
  const slow = { answers: ['a0', 'b0'], spanMs: 180, askedAtNanos: 1 };
  const slower = { answers: ['a1', 'b1'], spanMs: 200, askedAtNanos: 1 };
  const close = { answers: ['a2', 'b2'], spanMs: 9, askedAtNanos: 1 };
  expect(await asked(slow, close)).toEqual({ answers: ['a2', 'b2'], rounds: 2 });
  expect(await asked(slow, slower, close)).toEqual({ answers: ['a2', 'b2'], rounds: 3 });
  expect(await asked({ ...slow, spanMs: 210 }, slower)).toEqual({
    answers: ['a1', 'b1'],
    rounds: 2,
  });
});

test('no round stands for one in which more have answered', async () => {
  const whole = { answers: ['a0', 'b0'], spanMs: 180, askedAtNanos: 1 };
  const short = { answers: ['a1'], spanMs: Infinity, askedAtNanos: 1 };
  expect(await asked(whole, short)).toEqual({ answers: ['a0', 'b0'], rounds: 2 });
  expect(await asked(short)).toEqual({ answers: ['a1'], rounds: 1 });
  // One that is down refuses at once, and is not asked again and again.
  expect(await asked({ ...short, spanMs: 3 })).toEqual({ answers: ['a1'], rounds: 1 });
});
