import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { removeRun } from './remove-run.ts';

const refusal = (statusCode: number, message: string): Error =>
  Object.assign(new Error(message), { statusCode });

/** An engine that holds one network, and refuses to remove it this many times. */
function engineWith({ refusals }: { readonly refusals: number }): {
  readonly docker: Docker;
  readonly held: () => readonly string[];
} {
  let left = refusals;
  const held = new Set(['client']);
  const docker = {
    listContainers: () => Promise.resolve([]),
    listVolumes: () => Promise.resolve({ Volumes: [] }),
    listNetworks: () => Promise.resolve([...held].map((Name) => ({ Name, Id: Name }))),
    getNetwork: (id: string) => ({
      remove: () => {
        if (left-- > 0) return Promise.reject(refusal(403, 'it has active endpoints'));
        held.delete(id);
        return Promise.resolve();
      },
    }),
  };
  return { docker: docker as unknown as Docker, held: () => [...held] };
}

test('a network is removed once the engine has taken the last container off it', async () => {
  const { docker, held } = engineWith({ refusals: 2 });
  expect(await removeRun(docker, 'a-run', { refusedMsMax: 5_000 })).toEqual([]);
  expect(held()).toEqual([]);
});

test('what the engine goes on to refuse is told', async () => {
  const { docker, held } = engineWith({ refusals: Infinity });
  expect(await removeRun(docker, 'a-run', { refusedMsMax: 50 })).toEqual([
    'network client cannot be removed: it has active endpoints',
  ]);
  expect(held()).toEqual(['client']);
});
