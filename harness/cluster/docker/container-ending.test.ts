import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { endingOf } from './container-ending.ts';

const mebibyte = 1024 ** 2;

interface Told {
  readonly code: number;
  readonly flagged?: boolean;
  readonly memory?: number;
  /** The kernel told the engine of it, soon after. */
  readonly event?: boolean;
  /** By us. */
  readonly killed?: boolean;
}

function ending({ code, flagged = false, memory = 0, event = false, killed = false }: Told) {
  const container = {
    id: 'c0ffee',
    inspect: () =>
      Promise.resolve({
        State: {
          ExitCode: code,
          OOMKilled: flagged,
          StartedAt: '2026-11-26T10:00:00.5Z',
          FinishedAt: '2026-11-26T10:01:00.25Z',
        },
        HostConfig: { Memory: memory },
      }),
  };
  const docker = {
    getEvents: (options: object) => {
      expect(options).toEqual({
        since: Date.UTC(2026, 10, 26, 10, 0, 0, 500) / 1000,
        until: Date.UTC(2026, 10, 26, 10, 1, 1, 250) / 1000,
        filters: '{"container":["c0ffee"],"event":["oom"]}',
      });
      return Promise.resolve(Readable.from(event ? [Buffer.from('{"status":"oom"}')] : []));
    },
  };
  return endingOf(docker as unknown as Docker, container as unknown as Docker.Container, killed);
}

test('an exit code above 128 is a signal', async () => {
  expect(await ending({ code: 0 })).toMatchObject({ how: 'exit code 0', code: 0, signal: null });
  expect(await ending({ code: 137 })).toMatchObject({ how: 'SIGKILL', signal: 'SIGKILL' });
  expect(await ending({ code: 134 })).toMatchObject({ how: 'SIGABRT', outOfMemory: false });
});

test('a kill for want of memory is told with its limit', async () => {
  expect(await ending({ code: 137, flagged: true, memory: 64 * mebibyte })).toEqual({
    code: null,
    signal: 'out of memory: limit 64 MiB',
    how: 'out of memory: limit 64 MiB',
    outOfMemory: true,
  });
  // The machine itself had none left.
  expect((await ending({ code: 137, flagged: true })).how).toBe('out of memory');
});

test('it is told, too, when the engine heard of it only after the end', async () => {
  const memory = 1.5 * mebibyte;
  const told = await ending({ code: 137, memory, event: true });
  expect(told.how).toBe('out of memory: limit 1.5 MiB');
  expect(await ending({ code: 137, memory })).toMatchObject({ how: 'SIGKILL', outOfMemory: false });
});

test('a process that was killed beside it, or our own kill, is not its end', async () => {
  expect((await ending({ code: 0, flagged: true })).how).toBe('exit code 0');
  expect((await ending({ code: 137, flagged: true, killed: true })).how).toBe('SIGKILL');
});
