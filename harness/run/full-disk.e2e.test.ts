import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import { isAlive } from '../supervisor/process-table.ts';
import type { SupervisorState } from '../supervisor/protocol.ts';
import { vocabulary } from '../vocabulary.ts';
import { runScenario } from './run.ts';

const scenario = parseScenario(
  {
    name: 'short',
    question: 'Does a full disk end a run in good order?',
    warmUp: '1s',
    workload: { rate: 5000, size: 1024 },
    phases: [{ name: 'steady', duration: '20s' }],
  },
  'short',
  vocabulary(),
);

let disk = '';

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'ackworth-full-'));
});

afterEach(() => {
  rmSync(disk, { recursive: true, force: true });
});

/** A file system of this size, as long as `act` lasts; unmounting fails while anything uses it. */
async function onSmallDisk(size: string, act: () => Promise<void>): Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
  try {
    await act();
  } finally {
    execFileSync('umount', [disk]);
  }
}

function run(keepData: boolean) {
  return runScenario({
    scenario,
    seed: 7,
    target: 'reference',
    cluster: 'process',
    outputDirectory: disk,
    keepData,
    command: 'ackworth run short --seed 7',
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
}

function nothingRuns(directory: string): void {
  const text = readFileSync(join(directory, 'supervisor.json'), 'utf8');
  const { supervisor, children } = JSON.parse(text) as SupervisorState;
  expect([supervisor, ...children].filter(isAlive)).toEqual([]);
  expect(readdirSync(directory).filter((name) => /\.(new|tmp)$/.test(name))).toEqual([]);
}

/** Only root may mount a disk that is small enough to be filled, and not in every container. */
function mountable(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'ackworth-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('umount', [place]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

describe.skipIf(!mountable())('a run on a disk that fills up', () => {
  test('ends early, says so, and is judged inconclusive', async () => {
    await onSmallDisk('20m', async () => {
      const { directory, record } = await run(false);
      expect(record.verdict).toBe('inconclusive');
      expect(record.reasons.join('\n')).toMatch(/the disk of .* is full/);
      nothingRuns(directory);
      expect(readdirSync(directory)).not.toContain('data');
    });
  });

  test('says in one sentence that there was no room for its record', async () => {
    await onSmallDisk('20m', async () => {
      await expect(run(true)).rejects.toThrow(/^.*cannot write .*run\.json: ENOSPC.*make room.*$/);
      nothingRuns(realpathSync(join(disk, 'latest')));
    });
  });
});
