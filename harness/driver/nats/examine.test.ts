import { afterEach, expect, test, vi } from 'vitest';
import { binaryVariable } from './binary.ts';
import { examineNats } from './examine.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('without a server on the PATH, runs with an image are said to be what is left', async () => {
  vi.stubEnv('PATH', '/nowhere');
  vi.stubEnv(binaryVariable, '');
  expect(await examineNats()).toMatchObject({
    state: 'doubtful',
    found:
      'runs with --target nats only on --cluster docker, where the image nats:2.12.1 can be had',
  });
});

test('a server that the environment names and that cannot be started leaves images that are given alone', async () => {
  vi.stubEnv(binaryVariable, '/nowhere/nats-server');
  expect(await examineNats()).toEqual({
    state: 'doubtful',
    found:
      'runs with --target nats only with --image, as long as ACKWORTH_NATS_SERVER names this file',
    advice: expect.stringContaining(
      '/nowhere/nats-server, which ACKWORTH_NATS_SERVER names, is no nats-server',
    ) as string,
  });
});
