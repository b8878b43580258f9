import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { whyNoEngine } from '../../cluster/docker/testing/why-no-engine.ts';
import { whatIsMissing } from '../../file-system/trial.ts';
import { DockerRuns } from '../../run/testing/docker-runs.ts';
import { whyNoServer } from './testing/why-no-server.ts';

// Runs on servers in containers, as a user starts them.
const missing =
  (await whyNoEngine()) ?? (await whyNoServer()) ?? (await whatIsMissing('ext4', tmpdir()));

/** Little, so that the two runs bear each other's company. */
const scenario = (topic: object, consumers: number): object => ({
  topic: { partitions: 2, ...topic },
  workload: { rate: 100, size: 200, producers: 2, consumers },
  storage: { size: '128MiB' },
});
const onNats = ['--target', 'nats'];

/** It ends before there are leaders again, and the load goes on until all is served. */
const dark = {
  name: 'dark',
  duration: '4s',
  faults: [{ fault: 'power-cut', target: 'all-nodes', at: '1s', for: '2900ms' }],
};

describe.skipIf(missing !== undefined)(
  `a run on NATS in containers${missing ? ` (skipped: ${missing})` : ''}`,
  // A run waits up to five minutes until all is served; see docs/findings.md for what takes so long.
  { concurrent: true, timeout: 480_000 },
  () => {
    test('finds every acked message after a kill, a cut and a power cut, where each write is synced', async ({
      onTestFinished,
    }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      const leader = (fault: string, duration: string, lasts: string) => ({
        name: fault,
        duration,
        faults: [{ fault, target: 'leader', at: '1s', for: lasts }],
      });
      const phases = [leader('kill', '30s', '3s'), leader('cut', '32s', '8s'), dark];
      const mine = runs.writeScenario(phases, scenario({ flush: 'sync' }, 2));
      const { accounting, cluster, faults, target } = await runs.passing(mine, ...onNats);
      expect(accounting.lost).toBe(0);
      expect(cluster).toMatchObject({ kind: 'docker', network: 'filtered', storage: 'ext4' });
      expect(cluster.note).toMatch(/nodes from image ackworth-nats-server:\S+ from /);
      expect(target.version).toMatch(/^2\./);
      expect(target.config).toMatchObject({ servers: [{ syncAlways: true }, {}, {}] });
      expect(faults[1]?.proof.injectedEvidence).toMatch(
        /[1-9]\d* connections held, 0 bytes came through/,
      );
    });

    test('loses by a power cut what no sync had covered, which the mode allows', async ({
      onTestFinished,
    }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      // The first sync comes half an interval after the making at the earliest, and the next a whole
      // one after it: the cut, in between, finds more than a second of un-synced messages.
      const before = { name: 'before', duration: '8s' };
      const topic = { flush: 'async', flushInterval: '10s' };
      // Of the log alone: what a crash does to groups is in docs/findings.md.
      const mine = runs.writeScenario([before, dark], scenario(topic, 0));
      const { accounting, verdicts } = await runs.passing(mine, ...onNats);
      expect(accounting.lost).toBeGreaterThan(0);
      const kinds = verdicts.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind));
      expect(kinds).toContain('lost-window');
    });
  },
);
