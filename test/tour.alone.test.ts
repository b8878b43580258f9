import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordSchema, type RunRecord } from '../harness/record/record.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-tour-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function ackworth(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const bin = resolve('bin/ackworth.js');
  // CI systems ask for colours; these tests read words.
  const env = { ...process.env, NO_COLOR: '1' };
  return spawnSync(process.execPath, [bin, ...args], { cwd: directory, encoding: 'utf8', env });
}

describe('the tour', () => {
  let record: RunRecord;

  test('ends within 100 seconds with exit code 0, a verdict table and the path of a report', () => {
    const started = performance.now();
    const { status, stdout, stderr } = ackworth('run', 'tour', '--seed', '20260101');
    expect(status, stdout + stderr).toBe(0);
    expect((performance.now() - started) / 1000).toBeLessThan(100);
    expect(stdout).toMatch(/tour: PASS/);
    const report = /^report: (.+)$/m.exec(stdout)?.[1];
    expect(existsSync(resolve(directory, report!))).toBe(true);
  });

  test('leaves a valid record of a leader kill and a consumer kill, with nothing lost', () => {
    const file = join(directory, 'runs', 'latest', 'record.json');
    record = recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect(record.faults.map(({ kind, proof }) => [kind, proof.injected, proof.healed])).toEqual([
      ['kill', 'confirmed', 'confirmed'],
      ['kill', 'confirmed', 'confirmed'],
    ]);
    expect(record.faults.every(({ rtoMs }) => rtoMs !== null)).toBe(true);
    expect(record.accounting.acked).toBeGreaterThan(100_000);
    expect(record.accounting).toMatchObject({ lost: 0, reordered: 0 });
  });

  test('can be judged again from its history, with the same result', () => {
    const { status, stdout } = ackworth('check', 'runs/latest', '--json');
    expect(status).toBe(0);
    const { endedAt, ...again } = JSON.parse(stdout) as RunRecord;
    expect({ ...again, endedAt }).toEqual(record);
  });
});
