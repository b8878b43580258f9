import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { entryPoint } from '../entry-point.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { isAlive, processStatus, signalProcess, type ProcessIdentity } from './process-table.ts';
import type { Notice, SupervisorState } from './protocol.ts';
import { Supervisor } from './supervisor.ts';

// A child that says it is ready and ends with its stdin, as every child of a run does.
const patient = `console.log('ready'); process.stdin.resume(); process.stdin.on('end', () => process.exit(0))`;
// A child that ends for SIGKILL alone.
const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')`;

let directory: string;
let exits: Extract<Notice, { type: 'exited' }>[];
let lost: number;
let supervisor: Supervisor;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-supervisor-'));
  exits = [];
  lost = 0;
  supervisor = new Supervisor({
    run: 'run-1',
    directory,
    onExit: (exit) => exits.push(exit),
    onLost: () => lost++,
  });
});

afterEach(async () => {
  await supervisor.close();
  rmSync(directory, { recursive: true, force: true });
});

async function startChild(name: string, script = patient): Promise<ProcessIdentity> {
  const { process: identity } = await supervisor.spawn({
    name,
    command: process.execPath,
    arguments: ['-e', script],
    logFile: join(directory, `${name}.log`),
  });
  expect(await supervisor.firstLine(name, 10_000)).toBe('ready');
  return identity;
}

async function gone(identities: readonly ProcessIdentity[], withinMs = 10_000): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (!identities.some(isAlive)) return true;
    await sleep(20);
  }
  return false;
}

describe('the supervisor', () => {
  test('pauses, resumes, stops and kills, and says when each was seen', async () => {
    const identity = await startChild('a');
    const before = monotonicNanos();
    const pausedAt = await supervisor.pause('a');
    expect(processStatus(identity.pid)?.state).toBe('T');
    expect((await supervisor.state('a')).state).toBe('paused');
    const resumedAt = await supervisor.resume('a');
    expect((await supervisor.state('a')).state).toBe('running');
    const killedAt = await supervisor.kill('a');
    expect(isAlive(identity)).toBe(false);
    const times = [before, pausedAt, resumedAt, killedAt, monotonicNanos()];
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    expect(exits).toMatchObject([{ name: 'a', signal: 'SIGKILL', atNanos: killedAt }]);
    expect((await supervisor.state('a')).state).toBe('stopped');
  });

  test('kills a process that does not stop, also one that is paused', async () => {
    const identity = await startChild('a', stubborn);
    await supervisor.pause('a');
    const { askedAt, endedAt, orderly, how } = await supervisor.stop('a', 300);
    expect({ orderly, how }).toEqual({ orderly: false, how: 'SIGKILL' });
    expect(endedAt - askedAt).toBeGreaterThanOrEqual(300e6);
    expect(isAlive(identity)).toBe(false);
    expect(exits).toMatchObject([{ signal: 'SIGKILL' }]);
  });

  test('starts a name again after its process has ended, and not before', async () => {
    const first = await startChild('a');
    await expect(startChild('a')).rejects.toThrow('a is running already');
    await supervisor.kill('a');
    const second = await startChild('a');
    expect(second.pid).not.toBe(first.pid);
    expect(readFileSync(join(directory, 'a.log'), 'utf8')).toBe('ready\nready\n');
  });

  test('refuses to act on what does not exist, and on what has ended', async () => {
    await expect(supervisor.kill('nobody')).rejects.toThrow('there is no process called nobody');
    await startChild('a');
    await supervisor.kill('a');
    await expect(supervisor.pause('a')).rejects.toThrow('a has ended');
    expect(typeof (await supervisor.kill('a'))).toBe('number');
  });

  test('says that a process ended before it was ready', async () => {
    await supervisor.spawn({
      name: 'a',
      command: process.execPath,
      arguments: ['-e', 'process.exit(3)'],
      logFile: join(directory, 'a.log'),
    });
    await expect(supervisor.firstLine('a', 10_000)).rejects.toThrow(
      'a ended before it was ready (exit code 3)',
    );
  });

  test('keeps a file of who is alive', async () => {
    const identity = await startChild('a');
    const read = () =>
      JSON.parse(readFileSync(join(directory, 'supervisor.json'), 'utf8')) as SupervisorState;
    expect(read()).toMatchObject({
      run: 'run-1',
      harness: { pid: process.pid },
      supervisor: { pid: supervisor.pid },
      children: [{ name: 'a', ...identity }],
    });
    await supervisor.kill('a');
    expect(read().children).toEqual([]);
  });

  test('takes every child with it when it is closed', async () => {
    const children = [await startChild('a'), await startChild('b', stubborn)];
    await supervisor.pause('a');
    await supervisor.close();
    expect(children.some(isAlive)).toBe(false);
    expect(lost).toBe(0);
  });

  test('that is killed leaves no child behind, and the harness is told', async () => {
    const children = [await startChild('a', stubborn), await startChild('b', stubborn)];
    await supervisor.pause('b');
    process.kill(supervisor.pid, 'SIGKILL');
    expect(await gone(children)).toBe(true);
    expect(lost).toBe(1);
    await expect(supervisor.kill('a')).rejects.toThrow('the supervisor has ended');
  });

  test('ends with all its children when the harness is killed', async () => {
    const script = `
      const { Supervisor } = await import(${JSON.stringify(entryPoint('harness/supervisor/supervisor.js'))});
      const supervisor = new Supervisor({ run: 'r', directory: ${JSON.stringify(directory)}, onExit() {}, onLost() {} });
      for (const name of ['a', 'b']) {
        await supervisor.spawn({ name, command: process.execPath, arguments: ['-e', ${JSON.stringify(stubborn)}], logFile: ${JSON.stringify(join(directory, 'x.log'))} });
      }
      await supervisor.pause('b');
      console.log('up');
    `;
    const harness = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) =>
      createInterface({ input: harness.stdout }).once('line', resolve),
    );
    const state = JSON.parse(
      readFileSync(join(directory, 'supervisor.json'), 'utf8'),
    ) as SupervisorState;
    expect(state.children).toHaveLength(2);
    expect([state.supervisor, ...state.children].every(isAlive)).toBe(true);
    harness.kill('SIGKILL');
    expect(await gone([state.supervisor, ...state.children])).toBe(true);
  });
});

describe('a process identity', () => {
  test('with another start time is not signalled', async () => {
    const identity = await startChild('a');
    const other = { pid: identity.pid, startTime: identity.startTime - 1 };
    expect(isAlive(other)).toBe(false);
    expect(signalProcess(other, 'SIGKILL')).toBe(false);
    expect(isAlive(identity)).toBe(true);
  });
});
