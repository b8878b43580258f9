import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRecord } from '../record/read.ts';

// What a run on processes does with what is meant for containers.
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-without-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(changes: object, faults: readonly object[], ...more: string[]) {
  const phases = [{ name: 'one', duration: '3s', faults }];
  const scenario = { name: 'mine', question: 'Does it hold?', warmUp: '0s', phases, ...changes };
  writeFileSync(join(folder, 'mine.scenario.json'), JSON.stringify(scenario));
  const args = [resolve('bin/ackworth.js'), 'run', './mine.scenario.json', '--seed', '1', ...more];
  const env = { ...process.env, NO_COLOR: '1' };
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env });
}

test.each([
  ['disconnect', {}],
  ['cpu-limit', {}],
  ['memory-limit', { bytes: '64MiB' }],
])('%s is refused before anything is started', (fault, options) => {
  const step = { fault, target: 'leader', at: '1s', for: '1s', with: options };
  const { status, stderr } = run({}, [step]);
  expect(stderr).toBe(
    `mine, seed 1\nackworth: "${fault}" acts on containers, and --cluster process has none; ` +
      'use --cluster docker\n',
  );
  expect(status).toBe(1);
  expect(existsSync(join(folder, 'runs'))).toBe(false);
});

test('an image for nodes is refused', () => {
  const { status, stderr } = run({}, [], '--image', 'mine:latest');
  expect(stderr).toContain(
    'ackworth: an image is for nodes in containers, and --cluster process has none; ' +
      'use --cluster docker\n',
  );
  expect(status).toBe(1);
});

test('limits of containers limit nothing, which the record and whoever watches are told', async () => {
  const containers = { node: { memory: '8MiB', cpus: 0.01 } };
  const { status, stderr, stdout } = run({ containers, workload: { rate: 200 } }, []);
  expect(status, stdout + stderr).toBe(0);
  const sentence = 'processes are not limited: the limits of the scenario are for containers';
  expect(stderr).toContain(sentence);
  const record = await readRecord(join(folder, 'runs', 'latest', 'record.json'));
  expect(record.cluster.note).toContain(sentence);
  expect(record.timing.toFirstAckMs).toBeGreaterThan(0);
  expect(record.timing.tearDownMs).toBeGreaterThan(0);
});
