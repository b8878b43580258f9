import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cleanLeftovers, findLeftovers } from '../clean/clean.ts';
import { imagesMountedBelow } from '../file-system/loop-mount.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { letGo } from '../file-system/testing/let-go.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { readRecord } from '../record/read.ts';
import { isAlive, signalProcess, type ProcessIdentity } from '../supervisor/process-table.ts';
import type { SupervisorState } from '../supervisor/protocol.ts';

// Real runs on real file systems, as a user starts them.
const lacking = await whatIsMissing('ext4', tmpdir());
const required = (process.env.ACKWORTH_REQUIRE ?? '').split(/[\s,]+/).includes('power-cut');
const bin = resolve('bin/ackworth.js');
const patience = { timeout: 20_000 };
/** From the end of a supervisor to that of its harness, which has judged the run by then. */
const endMsMax = 12_000;

let folder: string;
let output: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ackworth-storage-')));
  output = join(folder, 'runs');
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  if (existsSync(output)) await cleanLeftovers(output);
  rmSync(folder, { recursive: true, force: true });
});

/** NO_COLOR, since these tests read words. */
function ackworth(args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
  });
}

function nothingIsHeld(): void {
  expect(imagesMountedBelow(folder)).toEqual([]);
  expect(loopsBelow(folder)).toEqual([]);
}

test('Real power cuts can be made where that is required', () => {
  if (required) expect(lacking).toBeUndefined();
});

test('Storage that a fault cannot act on is refused before anything is started', () => {
  const { status, stderr } = ackworth(['run', 'power-cut', '--storage', 'plain']);
  expect(status).toBe(1);
  expect(stderr).toContain('storage.form is "plain", and "power-cut" can act only on emulated');
  expect(existsSync(output)).toBe(false);
});

const title = `a run on real file systems${lacking === undefined ? '' : ` (skipped: ${lacking})`}`;
describe.skipIf(lacking !== undefined)(title, () => {
  test('is refused in one sentence to whoever is not root, who is told of the emulated form', () => {
    chmodSync(folder, 0o777);
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, bin];
    const asNobody = (...args: string[]) =>
      spawnSync('setpriv', [...nobody, ...args], { cwd: folder, encoding: 'utf8' });
    const { status, stderr } = asNobody('run', 'power-cut', '--storage', 'ext4');
    expect(stderr).toMatch(/^ackworth: storage ext4 cannot be had here: mounting needs root/m);
    expect(status).toBe(1);
    expect(existsSync(output)).toBe(false);
    const findings = JSON.parse(asNobody('doctor', '--json').stdout) as object[];
    expect(findings).toContainEqual(
      expect.objectContaining({
        name: 'power cuts',
        found: 'emulated, by the disk part of the reference broker',
        advice: expect.stringContaining('mounting needs root') as string,
      }),
    );
  });

  test('is refused in one sentence where xfs_io is not installed', () => {
    const path = join(folder, 'path');
    mkdirSync(path);
    for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
      for (const name of existsSync(directory) ? readdirSync(directory) : []) {
        if (name !== 'xfs_io' && !existsSync(join(path, name)))
          symlinkSync(join(directory, name), join(path, name));
      }
    }
    const { status, stderr } = ackworth(['run', 'power-cut', '--storage', 'xfs'], { PATH: path });
    expect(stderr).toMatch(/cannot be had here: xfs_io is not on the PATH: install xfsprogs$/m);
    expect(status).toBe(1);
  });

  test('is refused in one sentence where there is no loop device, and nothing is left', () => {
    // A mount namespace of its own, whose /dev has next to nothing in it.
    const bare = `${letGo} mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"`;
    const run = [process.execPath, bin, 'run', 'power-cut', '--storage', 'ext4'];
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', bare, 'sh', ...run],
      options,
    );
    expect(stderr).toMatch(/cannot be had here: there is no loop device \(\/dev\/loop-control\): /);
    expect(status).toBe(1);
    expect(existsSync(output)).toBe(false);
    nothingIsHeld();
  });

  test('is refused in one sentence on a full host disk, and leaves nothing mounted', () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', small]);
    try {
      const args = ['run', 'power-cut', '--storage', 'ext4', '--out', join(small, 'runs')];
      const { status, stderr } = ackworth(args);
      expect(stderr).toMatch(/cannot make an ext4 of 512 MiB in .*: .*No space left on device$/m);
      expect(status).toBe(1);
      nothingIsHeld();
    } finally {
      spawnSync('umount', [small]);
    }
  });

  /** A run with one node's disk full by now, and another's failing its syncs. */
  async function inTrouble(): Promise<{ harness: ChildProcess; state: SupervisorState }> {
    const trouble = {
      name: 'trouble',
      question: 'Is anything left?',
      warmUp: '1s',
      workload: { rate: 100 },
      phases: [
        {
          name: 'before',
          duration: '60s',
          faults: [
            { fault: 'disk-full', target: 'node-1', at: '0s' },
            { fault: 'sync-error', target: 'node-2', at: '0s' },
          ],
        },
      ],
    };
    const scenario = join(folder, 'trouble.json');
    writeFileSync(scenario, JSON.stringify(trouble));
    const harness = spawn(
      process.execPath,
      [bin, 'run', scenario, '--storage', 'ext4', '--seed', '7'],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    started.push(harness);
    await new Promise<void>((done) => {
      let said = '';
      harness.stderr!.on('data', (text: Buffer) => {
        said += text.toString();
        if ((said.match(/: probed /g) ?? []).length >= 2) done();
      });
    });
    const file = join(output, 'latest', 'supervisor.json');
    const state = JSON.parse(readFileSync(file, 'utf8')) as SupervisorState;
    expect(state.mounts.map(({ fileSystem }) => fileSystem)).toEqual(['ext4', 'ext4', 'ext4']);
    expect(imagesMountedBelow(output)).toHaveLength(3);
    return { harness, state };
  }

  async function untilNothingIsHeld(processes: readonly ProcessIdentity[]): Promise<void> {
    const deadline = performance.now() + 20_000;
    const held = (): boolean =>
      processes.some(isAlive) || imagesMountedBelow(output).length + loopsBelow(output).length > 0;
    while (held() && performance.now() < deadline) await sleep(50);
    nothingIsHeld();
    expect(processes.some(isAlive)).toBe(false);
  }

  test('in trouble leaves nothing mounted when the harness is killed', async () => {
    const { harness, state } = await inTrouble();
    harness.kill('SIGKILL');
    await untilNothingIsHeld([state.supervisor, ...state.children]);
    expect(await cleanLeftovers(output)).toMatchObject([{ mounts: [], data: true }]);
    expect(existsSync(join(output, 'latest', 'data'))).toBe(false);
  });

  test('in trouble ends soon, judged, and leaves nothing mounted, when the supervisor is killed', async () => {
    const { harness, state } = await inTrouble();
    const ended = once(harness, 'exit');
    const killedMs = performance.now();
    signalProcess(state.supervisor, 'SIGKILL');
    const [exitCode] = (await ended) as [number | null];
    expect(performance.now() - killedMs).toBeLessThan(endMsMax);
    await untilNothingIsHeld([state.supervisor, ...state.children]);
    expect(existsSync(join(output, 'latest', 'data'))).toBe(false);
    const { verdict, reasons, faults } = await readRecord(join(output, 'latest', 'record.json'));
    expect([exitCode, verdict]).toEqual([2, 'inconclusive']);
    expect(reasons[0]).toBe('the supervisor was lost, and with it every process of the run');
    // They begin at the same instant, and which is first in the history is open.
    expect(faults.map(({ kind }) => kind).toSorted()).toEqual(['disk-full', 'sync-error']);
  });

  test('in trouble is cleaned up by command when both are killed', async () => {
    const { harness, state } = await inTrouble();
    signalProcess(state.supervisor, 'SIGSTOP');
    harness.kill('SIGKILL');
    signalProcess(state.supervisor, 'SIGKILL');
    await vi.waitUntil(() => ![state.harness, state.supervisor].some(isAlive), patience);
    const doctor = JSON.parse(ackworth(['doctor', '--json']).stdout) as object[];
    expect(doctor).toContainEqual(
      expect.objectContaining({
        name: 'leftovers',
        found: expect.stringContaining('3 of their file systems are mounted') as string,
      }),
    );
    const { stdout } = ackworth(['clean']);
    expect(stdout).toMatch(/unmounted node-1.*removed its data/);
    await untilNothingIsHeld([state.supervisor, ...state.children]);
    expect(await findLeftovers(output)).toEqual([]);
  });

  test('that ended with the power of the whole machine leaves images, which are cleaned up', async () => {
    const run = join(output, 'cut-off');
    mkdirSync(join(run, 'data', 'node-1'), { recursive: true });
    writeFileSync(join(run, 'data', 'node-1.ext4'), 'image');
    writeFileSync(join(run, 'run.json'), JSON.stringify({ version: 1, endedAt: null }));
    const gone = { pid: process.pid, startTime: 1 };
    const boot = { run: 'cut-off', clockDomain: 'another boot', harness: gone, supervisor: gone };
    writeFileSync(
      join(run, 'supervisor.json'),
      JSON.stringify({ ...boot, children: [], mounts: [] }),
    );
    expect(await cleanLeftovers(output)).toMatchObject([{ run: 'cut-off', data: true }]);
    expect(existsSync(join(run, 'data'))).toBe(false);
  });
});
