import { setImmediate as later } from 'node:timers/promises';
import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { retireContainer } from './retire-container.ts';

const inProgress = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('removal already in progress'), { statusCode: 409 }));

/** A container that somebody else is removing, which is said to be over by `wait`. */
function dockerWith(wait: (asked: { readonly condition: string }) => Promise<unknown>): Docker {
  const container = {
    inspect: () => Promise.resolve({ State: { Running: false }, Config: { Labels: {} } }),
    remove: inProgress,
    wait,
  };
  return { getContainer: () => container } as unknown as Docker;
}

test('a container that somebody else is removing is gone, too, once it is said to be', async () => {
  let gone = false;
  const docker = dockerWith(async ({ condition }) => {
    await later();
    gone = condition === 'removed';
  });
  await retireContainer(docker, 'one');
  expect(gone).toBe(true);
});

test('a container whose removal by somebody else does not come to its end is not gone', async () => {
  const docker = dockerWith(() => new Promise(() => undefined));
  await expect(retireContainer(docker, 'one', 20)).rejects.toThrow(
    'its removal is under way, and not done after 20 ms',
  );
});
