import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hunt } from '../../scripts/soak/defects.ts';
import { plantedDefects } from './registry.ts';

let output: string;

beforeAll(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-defects-'));
});

afterAll(() => rmSync(output, { recursive: true, force: true }));

describe('a planted defect is caught as its own anomaly within five seeds', () => {
  test.each(plantedDefects)('$name, in $scenario', { timeout: 400_000 }, async (defect) => {
    const { caughtAtSeed, evidence } = await hunt(defect, { outputDirectory: output });
    expect(caughtAtSeed, evidence).not.toBeNull();
  });
});
