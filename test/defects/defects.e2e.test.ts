import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeEnvironment } from '../../harness/measure/probes.ts';
import type { EnvironmentProbe } from '../../harness/record/record.ts';
import { hunt } from '../../scripts/soak/defects.ts';
import { plantedDefects } from './registry.ts';

let outputDirectory: string;
let probe: EnvironmentProbe;

beforeAll(async () => {
  outputDirectory = mkdtempSync(join(tmpdir(), 'ackworth-defects-'));
  probe = await probeEnvironment(outputDirectory);
});

afterAll(() => rmSync(outputDirectory, { recursive: true, force: true }));

describe('a planted defect is caught as its own anomaly within five seeds', () => {
  // The sync that lies is caught by the command, in worth-of-an-ack.
  const defects = plantedDefects.filter(({ name }) => name !== 'lying-sync');
  test.each(defects)('$name, in $scenario', { timeout: 400_000 }, async (defect) => {
    const { caughtAtSeed, evidence } = await hunt(defect, { outputDirectory, probe });
    expect(caughtAtSeed, evidence).not.toBeNull();
  });
});
