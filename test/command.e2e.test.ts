import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-command-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function ackworth(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const bin = resolve('bin/ackworth.js');
  // CI systems ask for colours; these tests read words.
  const env = { ...process.env, NO_COLOR: '1' };
  return spawnSync(process.execPath, [bin, ...args], { cwd: directory, encoding: 'utf8', env });
}

/** Runs until it says so, then asks it to stop as Ctrl-C does. */
async function interrupted(
  args: readonly string[],
  when: RegExp,
): Promise<{ status: number | null; stderr: string }> {
  const env = { ...process.env, NO_COLOR: '1' };
  const bin = resolve('bin/ackworth.js');
  const run = spawn(process.execPath, [bin, ...args], { cwd: directory, env });
  let said = '';
  let asked = false;
  const hear = (bytes: Buffer): void => {
    said += String(bytes);
    if (asked || !when.test(said)) return;
    asked = true;
    run.kill('SIGINT');
  };
  run.stderr.on('data', hear);
  run.stdout.on('data', hear);
  const [status] = (await once(run, 'close')) as [number | null];
  return { status, stderr: said };
}

test('the same seed gives the same plan, byte for byte', async () => {
  const plans: string[] = [];
  for (const out of ['plan-1', 'plan-2'].map((name) => join(directory, name))) {
    await interrupted(['run', 'leader-kill', '--seed', '7', '--out', out], /Start/);
    plans.push(readFileSync(join(out, 'latest', 'plan.json'), 'utf8'));
  }
  expect(plans[0]).toBe(plans[1]);
  expect(plans[0]).toContain('"seed": 7');
  expect(plans[0]).toContain('"kind": "kill"');
});

test('a scenario that an interrupt kept from being run is no pass', async () => {
  const args = ['run', 'steady', 'consumer-kill', '--no-faults', '--duration', '1s'];
  const { status, stderr } = await interrupted(args, /Tear down/);
  expect(stderr).toMatch(/interrupted before it was run: consumer-kill/);
  expect(status).toBe(2);
});

describe('a user’s mistake gets one sentence and exit code 1', () => {
  test.each([
    [['run', 'stedy'], /did you mean "steady"/],
    [['run', 'steady', '--rate', 'fast'], /--rate/],
    [['run', 'steady', '--flsh', 'os'], /Did you mean --flush/],
    [['runn'], /Did you mean run/],
    [['check', 'nowhere'], /nowhere does not exist/],
    [['report', 'nowhere'], /nowhere/],
    [['run', 'steady', '--target', 'kafka'], /there is no driver "kafka"/],
    [['run', './mine.scenario.ts'], /mine.scenario.ts does not exist/],
    [
      ['run', 'steady', '--nodes', '1', '--replication', 'quorum', '--partitions', '0'],
      /partitions/,
    ],
    [['run', 'steady', '--node-main', 'no-such.js'], /there is no file .*no-such\.js/],
    [['broker', '--id', 'one'], /--id/],
    [['run', 'steady', '--out', '/proc/ackworth'], /cannot write the run folder \/proc\/ackworth/],
  ])('%j', (args, sentence) => {
    const { status, stderr } = ackworth(...args);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(1);
  });
});
