import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cleanLeftovers } from '../clean/clean.ts';
import { errorExitCode } from '../cli/exit-codes.ts';
import { differencesInWords } from '../../reports/differences.ts';
import { whyNoServer } from '../driver/nats/testing/why-no-server.ts';
import { readRecord, readSuite } from '../record/read.ts';

const bin = fileURLToPath(new URL('../../bin/ackworth.js', import.meta.url));
const cells = ['sync', 'async'].flatMap((flush) => [
  `${flush}-quorum-price-500`,
  `${flush}-quorum-kill-leader`,
]);

let output: string;
beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-compare-'));
});
afterEach(async () => {
  await cleanLeftovers(output);
  rmSync(output, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `interruptAfter`: Ctrl-C as soon as this is seen on standard error. */
function ackworth(
  args: readonly string[],
  { interruptAfter, env = {} }: { interruptAfter?: RegExp; env?: Record<string, string> } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [bin, 'compare', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
  let [stdout, stderr] = ['', ''];
  let interrupted = false;
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
    if (interrupted || !interruptAfter?.test(stderr)) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** It says its version, and is not asked to do anything else. */
function serverOfOneWord(folder: string): string {
  const file = join(folder, 'nats-server');
  writeFileSync(file, '#!/bin/sh\necho "nats-server: v2.12.1"\n', { mode: 0o755 });
  return file;
}

const grid = [
  'durability',
  '--quick',
  '--flush=sync,async',
  '--replication=quorum',
  '--rates=500',
  '--seed=7',
  `--only=${cells.join(',')}`,
];

describe('a comparison of two modes at one rate and by one fault', () => {
  test('is interrupted in good order, resumed, and one of its cells run again', async () => {
    const first = await ackworth([...grid, '--out', output], { interruptAfter: /cell 2 of 4/ });
    expect(first.stderr).toContain('go on with: npx ackworth compare --resume');
    expect(first.code).toBe(2);
    const directory = realpathSync(join(output, 'latest'));
    const begun = await readSuite(join(directory, 'suite.json'));
    expect(begun.cells.map(({ state }) => state).toSorted()).toEqual([
      'done',
      'missing',
      'missing',
      'missing',
    ]);

    const resumed = await ackworth(['--resume', directory]);
    expect(resumed.stderr).toMatch(/cell 1 of 3/);
    const suite = await readSuite(join(directory, 'suite.json'));
    expect(suite.cells.map(({ id, state }) => `${id} ${state}`).toSorted()).toEqual(
      cells.map((id) => `${id} done`).toSorted(),
    );
    expect(suite.reasons).toEqual([]);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain('durability: PASS');
    expect(resumed.stdout).toMatch(/sync x quorum .*none lost/);
    for (const { record, price, worth } of suite.cells) {
      const found = await readRecord(join(directory, record!));
      expect(found.verdict).toBe('pass');
      if (worth !== null) {
        expect(worth).toMatchObject({ fault: 'kill-leader', observed: 'none', faultsConfirmed: 1 });
        expect(worth.acked).toBe(found.accounting.acked);
        expect(found.faults.map(({ kind }) => kind)).toEqual(['kill']);
      } else {
        expect(price!.targetRate).toBe(500);
        expect(found.faults).toEqual([]);
      }
    }
    expect(readdirSync(join(directory, 'cells')).toSorted()).toEqual(cells.toSorted());
    for (const cell of cells)
      expect(existsSync(join(directory, 'cells', cell, 'data'))).toBe(false);

    const [again] = cells;
    const before = suite.cells.find(({ id }) => id === again)!;
    const alone = await ackworth(['--resume', directory, '--only', again!, '--json']);
    expect(alone.stderr).toMatch(/cell 1 of 1/);
    expect(alone.code).toBe(0);
    const after = await readSuite(join(directory, 'suite.json'));
    expect(JSON.parse(alone.stdout)).toEqual(after);
    expect(after.cells.filter(({ id }) => id !== again)).toEqual(
      suite.cells.filter(({ id }) => id !== again),
    );
    expect(after.cells.find(({ id }) => id === again)!.price).not.toEqual(before.price);
  });
});

const noServer = await whyNoServer();
const twoBrokers = `a comparison of two brokers${noServer ? ` (skipped: ${noServer})` : ''}`;
describe.skipIf(noServer !== undefined)(twoBrokers, () => {
  const shortAndSteady = {
    name: 'mine',
    question: 'Which of them is how fast?',
    warmUp: '1s',
    workload: { rate: 200, producers: 2, consumers: 1 },
    phases: [{ name: 'steady', duration: '4s' }],
  };

  test('measures them in turns at the same rate, and states how they differ', async () => {
    const scenario = join(output, 'mine.scenario.json');
    writeFileSync(scenario, JSON.stringify(shortAndSteady));
    const axes = ['--target', 'reference,nats', '--flush', 'sync', '--replication', 'quorum'];
    const most = ['--rates', '200', '--repeats', '2', '--seed', '7'];
    const found = await ackworth([scenario, ...axes, ...most, '--out', join(output, 'runs')]);
    expect(found.code, found.stdout + found.stderr).toBe(0);
    const directory = realpathSync(join(output, 'runs', 'latest'));
    const suite = await readSuite(join(directory, 'suite.json'));
    expect(suite.cells.map(({ mode }) => mode).toSorted()).toEqual([
      'nats, sync x quorum',
      'nats, sync x quorum',
      'reference, sync x quorum',
      'reference, sync x quorum',
    ]);
    for (const { mode, record } of suite.cells) {
      const { target, accounting, durability } = await readRecord(join(directory, record!));
      expect(mode).toBe(`${target.name}, sync x quorum`);
      expect(durability).toMatchObject({ flush: 'sync', replication: 'quorum' });
      // Five seconds at this rate, warm-up included.
      expect(accounting).toMatchObject({ acked: 1000, lost: 0 });
    }
    const [difference, ...others] = suite.differences;
    expect(others).toEqual([]);
    expect(difference).toMatchObject({
      word: 'target',
      from: 'reference, sync x quorum',
      to: 'nats, sync x quorum',
      rates: [{ rate: 200, pairs: 2 }],
    });
    const [sentence] = differencesInWords(suite);
    expect(sentence).toMatch(/^nats beside reference, sync × quorum: /);
    expect(found.stdout).toContain(sentence);
    expect(readFileSync(join(directory, 'report.html'), 'utf8')).toContain(sentence);
  });
});

describe('a comparison of which one cell cannot be run', () => {
  test('for want of an engine is refused before the first, and leaves no folder', async () => {
    const found = await ackworth(['steady', '--cluster', 'process,docker', '--out', output], {
      env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    expect(found.code).toBe(errorExitCode);
    expect(found.stdout).toBe('');
    expect(found.stderr).toMatch(/^ackworth: .*unix:\/\/\/nowhere\/docker\.sock.*\n$/);
    expect(readdirSync(output)).toEqual([]);
  });

  test('for want of a broker that is not installed is, too', async () => {
    const found = await ackworth(['steady', '--target', 'reference,nats', '--out', output], {
      env: { ACKWORTH_NATS_SERVER: '/nowhere/nats-server' },
    });
    expect(found.code).toBe(errorExitCode);
    expect(found.stdout).toBe('');
    expect(found.stderr).toMatch(/^ackworth: \/nowhere\/nats-server, which .* names, .*\n$/);
    expect(readdirSync(output)).toEqual([]);
  });

  test('for a mode that one of the brokers does not have is, too', async () => {
    const grid = ['steady', '--target', 'reference,nats', '--replication', 'quorum,async'];
    const found = await ackworth([...grid, '--out', join(output, 'runs')], {
      env: { ACKWORTH_NATS_SERVER: serverOfOneWord(output) },
    });
    expect(found.code).toBe(errorExitCode);
    expect(found.stderr).toBe(
      'ackworth: NATS acks what a quorum has, or one replica alone: ' +
        'use --replication quorum or none\n',
    );
    expect(existsSync(join(output, 'runs'))).toBe(false);
  });

  test('for want of a broker that keeps messages is, too', async () => {
    const found = await ackworth(['steady', '--target', 'reference,null', '--out', output]);
    expect(found.code).toBe(errorExitCode);
    expect(found.stderr).toMatch(/^ackworth: the driver "null" keeps no messages, .*\n$/);
    expect(readdirSync(output)).toEqual([]);
  });
});
