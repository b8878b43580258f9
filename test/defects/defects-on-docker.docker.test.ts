import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoEngine } from '../../harness/cluster/docker/testing/why-no-engine.ts';
import { probeEnvironment } from '../../harness/measure/probes.ts';
import type { EnvironmentProbe } from '../../harness/record/record.ts';
import { hunt } from '../../scripts/soak/defects.ts';
import { plantedDefects } from './registry.ts';

const missing = await whyNoEngine();
// One for each way in which they are caught: after a kill, across a cut, and with nothing broken.
const chosen = ['ack-before-append', 'ack-on-leader-write', 'reordered-fetch', 'dropped-at-roll'];

describe.skipIf(missing !== undefined)(
  `a planted defect is caught on Docker within five seeds${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    const cluster = 'docker';
    let outputDirectory: string;
    let probe: EnvironmentProbe;

    beforeAll(async () => {
      outputDirectory = mkdtempSync(join(tmpdir(), 'ackworth-docker-defects-'));
      probe = await probeEnvironment(outputDirectory);
    });

    afterAll(() => rmSync(outputDirectory, { recursive: true, force: true }));

    const defects = plantedDefects.filter(({ name }) => chosen.includes(name));
    test.each(defects)('$name, in $scenario', { timeout: 400_000 }, async (defect) => {
      const { caughtAtSeed, evidence } = await hunt(defect, { outputDirectory, cluster, probe });
      expect(caughtAtSeed, evidence).not.toBeNull();
    });
  },
);
