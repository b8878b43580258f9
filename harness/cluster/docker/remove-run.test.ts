import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { removeRun } from './remove-run.ts';

interface Held {
  readonly refusals: number;
  readonly containers?: readonly string[];
}

const refusal = (statusCode: number, message: string): Error =>
  Object.assign(new Error(message), { statusCode });

/**
 * An engine that holds one network, which it refuses to remove this many times, and containers, each
 * of which takes its time to be removed.
 */
function engineWith({ refusals, containers = [] }: Held): {
  readonly docker: Docker;
  readonly held: () => readonly string[];
  readonly atOnce: () => number;
} {
  let left = refusals;
  let ending = 0;
  let endingMax = 0;
  const held = new Set(['client', ...containers]);
  const docker = {
    listContainers: () =>
      Promise.resolve(
        containers.filter((Id) => held.has(Id)).map((Id) => ({ Id, Names: [`/${Id}`] })),
      ),
    getContainer: (id: string) => ({
      inspect: () => Promise.resolve({ State: { Running: false }, Config: {} }),
      remove: async () => {
        endingMax = Math.max(endingMax, ++ending);
        await sleep(30);
        held.delete(id);
        ending--;
      },
    }),
    listVolumes: () => Promise.resolve({ Volumes: [] }),
    listNetworks: () =>
      Promise.resolve(held.has('client') ? [{ Name: 'client', Id: 'client' }] : []),
    getNetwork: (id: string) => ({
      remove: () => {
        if (left-- > 0) return Promise.reject(refusal(403, 'it has active endpoints'));
        held.delete(id);
        return Promise.resolve();
      },
    }),
  };
  return { docker: docker as unknown as Docker, held: () => [...held], atOnce: () => endingMax };
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

test('containers are removed one after the other, and the patience with what is refused begins after that', async () => {
  const containers = ['a', 'b', 'c', 'd'];
  const { docker, held, atOnce } = engineWith({ refusals: 1, containers });
  expect(await removeRun(docker, 'a-run', { refusedMsMax: 110 })).toEqual([]);
  expect(held()).toEqual([]);
  expect(atOnce()).toBe(1);
});
