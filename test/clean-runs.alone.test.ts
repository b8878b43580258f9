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

// Clean are, too, the tour and the power cut with flush "sync" that have files of their own.
const scenarios = ['consumer-kill', 'pause-leader', 'partition', 'part-kill'];

test.each(scenarios.map((name, at) => [name, 101 + at] as const))(
  'a clean run of %s raises no alarm',
  { timeout: 180_000 },
  async (name, from) => {
    const runs = await cleanRuns({ scenarios: [name], count: 1, from, output: directory });
    expect(runs.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
  },
);
