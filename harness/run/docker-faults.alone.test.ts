import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { DockerRuns } from './testing/docker-runs.ts';

// What faults do through proxies and on file systems, in containers as to processes.
const noEngine = await whyNoEngine();
const noMounts = noEngine ?? (await whatIsMissing('ext4', tmpdir()));
const because = (missing: string | undefined): string =>
  missing === undefined ? '' : ` (skipped: ${missing})`;

const workload = { rate: 300, producers: 1, consumers: 1 };
const saying = (text: RegExp): string => expect.stringMatching(text) as string;

describe.skipIf(noEngine !== undefined)(`links of containers${because(noEngine)}`, () => {
  test.concurrent(
    'are delayed, reset and cut through proxies in a container of their own',
    async ({ onTestFinished }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      const slow = { delayMs: 100, jitterMs: 10 };
      const scenario = runs.writeScenario(
        [
          {
            name: 'shaped',
            duration: '24s',
            faults: [
              { fault: 'delay', target: 'leader', at: '1s', for: '3s', with: slow },
              { fault: 'reset', target: 'follower', at: '7s' },
              { fault: 'cut', target: 'leader', at: '9s', for: '3s' },
            ],
          },
        ],
        { workload },
      );
      const record = await runs.passing(scenario);
      expect(record.cluster.network).toBe('proxied');
      expect(record.accounting).toMatchObject({ lost: 0 });
      expect(record.faults.map(({ proof }) => proof.injectedEvidence)).toEqual([
        saying(/^frames took (9\d|1\d\d)\.\d ms to .* delayed ways, \d\d?\.\d ms at the median/),
        saying(/^[1-9]\d* connections were reset on both sides/),
        saying(/[1-9]\d* connections held, 0 bytes came through/),
      ]);
      expect(record.resources.map(({ site }) => site)).toContain('network');
    },
  );

  test.concurrent('take along what a killed node had still to send', async ({ onTestFinished }) => {
    const runs = new DockerRuns();
    onTestFinished(() => runs.close());
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
      { workload, topic: { partitions: 1, replication: 'async' } },
    );
    const { accounting, faults } = await runs.passing(scenario);
    const [, kill] = faults;
    expect(accounting.lost).toBeGreaterThan(0);
    expect(kill?.exposure).toBeGreaterThan(0);
  });
});

describe.skipIf(noMounts !== undefined)(`disks of containers${because(noMounts)}`, () => {
  const storage = { form: 'ext4', size: '64MiB' };

  test('are full, and fail syncs, and are whole again', async ({ onTestFinished }) => {
    const runs = new DockerRuns();
    onTestFinished(() => runs.close());
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
      { storage, workload, topic: { partitions: 1 } },
    );
    const { accounting, cluster, faults } = await runs.passing(scenario);
    expect(cluster.storage).toBe('ext4');
    expect(accounting).toMatchObject({ lost: 0 });
    expect(faults.map(({ proof }) => proof.injectedEvidence)).toEqual([
      saying(/^the ext4 of node \d refused a write \(ENOSPC\)/),
      saying(/^the ext4 of node \d refused a write \(EIO\); node \d says ".*EIO/),
    ]);
  });
});
