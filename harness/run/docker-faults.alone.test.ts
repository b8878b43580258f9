import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { imagesMountedBelow } from '../file-system/loop-mount.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { readRecord } from '../record/read.ts';
import type { RunRecord } from '../record/record.ts';
import { DockerRuns, heldOf, nothingHeld } from './testing/docker-runs.ts';

// What faults do through proxies and on file systems, in containers as to processes.
const noEngine = await whyNoEngine();
const noMounts = noEngine ?? (await whatIsMissing('ext4', tmpdir()));
const because = (missing: string | undefined): string =>
  missing === undefined ? '' : ` (skipped: ${missing})`;

let runs: DockerRuns;

beforeEach(() => {
  runs = new DockerRuns();
});

afterEach(() => runs.close());

/** Runs to the end, which is a pass and leaves nothing. */
async function passing(scenario: string): Promise<RunRecord> {
  const args = ['run', scenario, '--cluster', 'docker', '--seed', '4'];
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

const saying = (text: RegExp): string => expect.stringMatching(text) as string;

describe.skipIf(noEngine !== undefined)(`links of containers${because(noEngine)}`, () => {
  test('are delayed, reset and cut through proxies in a container of their own', async () => {
    const slow = { delayMs: 100, jitterMs: 10 };
    const scenario = runs.writeScenario([
      {
        name: 'shaped',
        duration: '24s',
        faults: [
          { fault: 'delay', target: 'leader', at: '1s', for: '3s', with: slow },
          { fault: 'reset', target: 'follower', at: '7s' },
          { fault: 'cut', target: 'leader', at: '9s', for: '3s' },
        ],
      },
    ]);
    const record = await passing(scenario);
    expect(record.cluster.network).toBe('proxied');
    expect(record.accounting).toMatchObject({ lost: 0 });
    expect(record.faults.map(({ proof }) => proof.injectedEvidence)).toEqual([
      saying(/^frames took (9\d|1\d\d)\.\d ms to .* delayed ways, \d\d?\.\d ms at the median/),
      saying(/^[1-9]\d* connections were reset on both sides/),
      saying(/[1-9]\d* connections held, 0 bytes came through/),
    ]);
    expect(record.resources.map(({ site }) => site)).toContain('network');
  });

  test('take along what a killed node had still to send', async () => {
    const behind = { from: 'nodes', delayMs: 400 };
    const scenario = runs.writeScenario(
      [
        {
          name: 'behind',
          duration: '20s',
          faults: [
            { fault: 'delay', target: 'leader', at: '1s', for: '8s', with: behind },
            { fault: 'kill', target: 'leader', at: '4s', for: '6s' },
          ],
        },
      ],
      { topic: { partitions: 1, replication: 'async' } },
    );
    const { accounting, faults } = await passing(scenario);
    const [, kill] = faults;
    expect(accounting.lost).toBeGreaterThan(0);
    expect(kill?.exposure).toBeGreaterThan(0);
  });
});

describe.skipIf(noMounts !== undefined)(`disks of containers${because(noMounts)}`, () => {
  const storage = { form: 'ext4', size: '64MiB' };

  test('are full, and fail syncs, and are whole again', async () => {
    const scenario = runs.writeScenario(
      [
        {
          name: 'struck',
          duration: '26s',
          faults: [
            { fault: 'disk-full', target: 'leader', at: '1s', for: '4s' },
            { fault: 'sync-error', target: 'leader', at: '11s', for: '4s' },
          ],
        },
      ],
      { storage, topic: { partitions: 1 } },
    );
    const { accounting, cluster, faults } = await passing(scenario);
    expect(cluster.storage).toBe('ext4');
    expect(accounting).toMatchObject({ lost: 0 });
    expect(faults.map(({ proof }) => proof.injectedEvidence)).toEqual([
      saying(/^the ext4 of node \d refused a write \(ENOSPC\)/),
      saying(/^the ext4 of node \d refused a write \(EIO\); node \d says ".*EIO/),
    ]);
  });
});
