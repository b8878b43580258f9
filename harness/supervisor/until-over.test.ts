import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { untilOver } from './until-over.ts';

const backMsMax = 600;
const noAnswer = (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED'));
const cutOff = (): Promise<never> => Promise.reject(new Error('socket hang up'));
const ended = { State: { ExitCode: 0, OOMKilled: false }, HostConfig: {} };

/** A container of which these are the answers, one after the other, the last again and again. */
function endOf(
  waits: readonly (() => Promise<unknown>)[],
  looks: readonly (() => Promise<unknown>)[],
): Promise<{ readonly how: string }> {
  const next = (answers: readonly (() => Promise<unknown>)[]) => {
    const left = [...answers];
    return () => (left.length > 1 ? left.shift()! : left[0]!)();
  };
  const container = { id: 'one', wait: next(waits), inspect: next(looks) };
  const options = { killed: () => false, backMsMax };
  return untilOver({} as Docker, container as unknown as Docker.Container, options);
}

const told = (): Promise<unknown> => Promise.resolve(ended);
const later = async (): Promise<unknown> => {
  await sleep(1.2 * backMsMax);
  return cutOff();
};

test('a container whose engine answers goes on, however often the answer is cut off', async () => {
  expect(await endOf([cutOff, later, told], [told])).toMatchObject({ how: 'exit code 0' });
});

test('an engine that is back in time tells how it ended', async () => {
  const waits = [cutOff, noAnswer, told];
  expect(await endOf(waits, [noAnswer, noAnswer, told])).toMatchObject({ how: 'exit code 0' });
});

test('an engine that does not come back, or has no such container, is told as the end', async () => {
  const gone = await endOf([noAnswer], [noAnswer]);
  expect(gone).toMatchObject({ how: 'its Docker Engine is gone' });
  const unknown = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('no such container'), { statusCode: 404 }));
  expect(await endOf([unknown], [noAnswer])).toMatchObject({ how: 'removed by somebody else' });
});
