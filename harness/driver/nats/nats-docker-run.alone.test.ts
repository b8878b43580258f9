import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whyNoEngine } from '../../cluster/docker/testing/why-no-engine.ts';
import { imagesMountedBelow } from '../../file-system/loop-mount.ts';
import { loopsBelow } from '../../file-system/mount-table.ts';
import { whatIsMissing } from '../../file-system/trial.ts';
import { readRecord } from '../../record/read.ts';
import type { RunRecord } from '../../record/record.ts';
import { DockerRuns, heldOf, nothingHeld } from '../../run/testing/docker-runs.ts';
import { whyNoServer } from './testing/why-no-server.ts';

// Runs on servers in containers, as a user starts them.
const missing =
  (await whyNoEngine()) ?? (await whyNoServer()) ?? (await whatIsMissing('ext4', tmpdir()));

let runs: DockerRuns;

beforeEach(() => {
  runs = new DockerRuns();
});

afterEach(() => runs.close());

/** Runs to the end, which is a pass and leaves nothing. */
async function passing(
  phases: readonly object[],
  topic: object,
  consumers: number,
): Promise<RunRecord> {
  const scenario = runs.writeScenario(phases, {
    topic: { partitions: 2, ...topic },
    workload: { rate: 200, size: 200, producers: 2, consumers },
    storage: { size: '128MiB' },
  });
  const args = ['run', scenario, '--cluster', 'docker', '--target', 'nats', '--seed', '7'];
  const { status, stdout, stderr } = runs.ackworth(args);
  expect(status, stdout + stderr).toBe(0);
  const record = await readRecord(join(runs.output, 'latest', 'record.json'));
  for (const { kind, proof } of record.faults)
    expect([kind, proof.injected, proof.healed]).toEqual([kind, 'confirmed', 'confirmed']);
  expect(await heldOf(record.id)).toEqual(nothingHeld);
  expect(imagesMountedBelow(runs.folder)).toEqual([]);
  expect(loopsBelow(runs.folder)).toEqual([]);
  return record;
}

const dark = {
  name: 'dark',
  duration: '34s',
  faults: [{ fault: 'power-cut', target: 'all-nodes', at: '1s', for: '1s' }],
};

describe.skipIf(missing !== undefined)(
  `a run on NATS in containers${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    test('finds every acked message after a kill, a cut and a power cut, where each write is synced', async () => {
      const leader = (fault: string, duration: string, lasts: string) => ({
        name: fault,
        duration,
        faults: [{ fault, target: 'leader', at: '1s', for: lasts }],
      });
      const phases = [leader('kill', '24s', '3s'), leader('cut', '32s', '8s'), dark];
      const { accounting, cluster, faults, target } = await passing(phases, { flush: 'sync' }, 2);
      expect(accounting.lost).toBe(0);
      expect(cluster).toMatchObject({ kind: 'docker', network: 'filtered', storage: 'ext4' });
      expect(cluster.note).toMatch(/nodes from image ackworth-nats-server:\S+ from /);
      expect(target.version).toMatch(/^2\./);
      expect(target.config).toMatchObject({ servers: [{ syncAlways: true }, {}, {}] });
      expect(faults[1]?.proof.injectedEvidence).toMatch(
        /[1-9]\d* connections held, 0 bytes came through/,
      );
    });

    test('loses by a power cut what no sync had covered, which the mode allows', async () => {
      const before = { name: 'before', duration: '6s' };
      const topic = { flush: 'async', flushInterval: '2s' };
      // Of the log alone: what a crash does to groups is in docs/findings.md.
      const { accounting, verdicts } = await passing([before, dark], topic, 0);
      expect(accounting.lost).toBeGreaterThan(0);
      const kinds = verdicts.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind));
      expect(kinds).toContain('lost-window');
    });
  },
);
