import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanRuns } from '../scripts/soak/clean.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-clean-runs-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('clean runs raise no alarm', { timeout: 300_000 }, async () => {
  const scenarios = ['consumer-kill', 'pause-leader'];
  const runs = await cleanRuns({ scenarios, count: 2, from: 101, output: directory });
  expect(runs.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
});
