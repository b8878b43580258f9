import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeEnvironment } from '../harness/measure/probes.ts';
import type { EnvironmentProbe } from '../harness/record/record.ts';
import { cleanRuns } from '../scripts/soak/clean.ts';

let directory: string;
let probe: EnvironmentProbe;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-clean-runs-'));
  probe = await probeEnvironment(directory);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

// Clean are, too, the tour, the power cut with flush "sync", and those in containers, which have files
// of their own.
const scenarios = ['pause-leader', 'partition'];
/** So that two cores bear both at once. */
const rate = 2000;

test.concurrent.each(scenarios.map((name, at) => [name, 101 + at] as const))(
  'a clean run of %s raises no alarm',
  { timeout: 180_000 },
  async (name, from) => {
    const one = { scenarios: [name], count: 1, from, rate };
    const runs = await cleanRuns({ ...one, output: directory, probe });
    expect(runs.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
  },
);
