import { setImmediate as later } from 'node:timers/promises';
import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { retireContainer } from './retire-container.ts';

test('a container that somebody else is removing is gone, too, once it is said to be', async () => {
  let gone = false;
  const container = {
    inspect: () => Promise.resolve({ State: { Running: false }, Config: { Labels: {} } }),
    remove: () =>
      Promise.reject(Object.assign(new Error('already in progress'), { statusCode: 409 })),
    wait: async ({ condition }: { readonly condition: string }) => {
      await later();
      gone = condition === 'removed';
    },
  };
  await retireContainer({ getContainer: () => container } as unknown as Docker, 'one');
  expect(gone).toBe(true);
});
