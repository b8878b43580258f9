import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cleanLeftovers } from '../../clean/clean.ts';
import { whatIsMissing } from '../../file-system/trial.ts';
import type { RunRecord } from '../../record/record.ts';
import { runScenario } from '../../run/run.ts';
import { parseScenario } from '../../scenario/parse.ts';
import { vocabulary } from '../../vocabulary.ts';
import { whyNoServer } from './testing/why-no-server.ts';

const missing = await whyNoServer();
const noMounts = await whatIsMissing('ext4', tmpdir());

let output: string;

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-nats-run-'));
});

afterEach(async () => {
  await cleanLeftovers(output);
  rmSync(output, { recursive: true, force: true });
});

async function run(scenario: object): Promise<{ directory: string; record: RunRecord }> {
  const base = { name: 'short', question: 'Does NATS hold?', warmUp: '1s' };
  return runScenario({
    scenario: parseScenario({ ...base, ...scenario }, 'short', vocabulary()),
    seed: 7,
    target: 'nats',
    cluster: 'process',
    outputDirectory: output,
    keepData: false,
    command: 'ackworth run short --target nats --seed 7',
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
}

function anomaliesOf({ verdicts }: RunRecord): string[] {
  return verdicts.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind));
}

describe.skipIf(missing !== undefined)(
  `a run on NATS${missing ? ` (skipped: ${missing})` : ''}`,
  // One waits up to five minutes until all is served; see docs/findings.md for what takes so long.
  { timeout: 480_000 },
  () => {
    test.each([
      { nodes: 1, replicas: 1, replication: 'none' },
      { nodes: 5, replicas: 5, replication: 'quorum' },
    ])('is at home on $nodes servers', async ({ nodes, replicas, replication }) => {
      const { record } = await run({
        nodes,
        topic: { flush: 'os', replication, replicas, partitions: 2 },
        workload: { rate: 200, size: 200 },
        phases: [{ name: 'steady', duration: '4s' }],
      });
      expect(record.verdict, record.reasons.join('; ')).toBe('pass');
      const { servers, ...streams } = record.target.config;
      expect(streams).toMatchObject({ replicas, streams: 2 });
      expect(servers).toHaveLength(nodes);
      expect(record.accounting).toMatchObject({ acked: 1000, lost: 0 });
    });

    test('kills a leader and a consumer, pauses who leads the group, and finds every acked message', async () => {
      const { record, directory } = await run({
        topic: { flush: 'os', partitions: 2 },
        workload: { rate: 100, size: 200 },
        phases: [
          { name: 'before', duration: '2s' },
          {
            name: 'faults',
            // An election takes up to ten seconds, and a return is told after five of service.
            duration: '36s',
            faults: [
              { fault: 'kill', target: 'leader', at: '1s', for: '3s' },
              { fault: 'kill', target: 'consumer', at: '17s', for: '2s' },
              { fault: 'pause', target: 'group-leader', at: '24s', for: '3s' },
            ],
          },
        ],
      });
      expect(record.verdict, record.reasons.join('; ')).toBe('pass');
      expect(record.target).toMatchObject({ name: 'nats', config: { replicas: 3, streams: 2 } });
      expect(record.target.version).toMatch(/^2\./);
      expect(record.accounting.acked).toBeGreaterThan(1000);
      expect(record.accounting).toMatchObject({ lost: 0, undelivered: 0 });
      // Each is proven, and its return told apart from those of the others.
      const told = {
        proof: { injected: 'confirmed', healed: 'confirmed' },
        rtoMs: expect.any(Number) as number,
      };
      expect(record.faults).toMatchObject([
        { kind: 'kill', target: 'leader', ...told },
        { kind: 'kill', target: 'consumer', ...told },
        { kind: 'pause', target: 'group-leader', ...told },
      ]);
      // The configuration is kept, and nobody else may read its password.
      expect(readFileSync(join(directory, 'nodes', 'node-1.conf'), 'utf8')).toContain('jetstream');
      expect(existsSync(join(directory, 'data'))).toBe(false);
    });
  },
);

const unable = missing ?? noMounts;
describe.skipIf(unable !== undefined)(
  `a power cut on NATS${unable ? ` (skipped: ${unable})` : ''}`,
  () => {
    // A file is synced for the first time when half of the interval to all of it has gone by, and
    // then after each interval: a cut eleven to fourteen seconds after its making comes a second
    // after any sync at least.
    const cut = (flush: 'sync' | 'async', consumers: number) => ({
      topic: { flush, flushInterval: '10s', partitions: 2 },
      workload: { rate: 100, size: 200, consumers },
      storage: { size: '128MiB' },
      phases: [
        { name: 'before', duration: '8s' },
        {
          name: 'power-cut',
          // It ends before there are leaders again, and the load goes on until all is served.
          duration: '4s',
          faults: [{ fault: 'power-cut', target: 'all-nodes', at: '1s', for: '2900ms' }],
        },
      ],
    });

    test('costs nothing that was acked where each write is synced', async () => {
      const { record } = await run(cut('sync', 2));
      expect(record.target.config).toMatchObject({ servers: [{ syncAlways: true }, {}, {}] });
      expect(record.accounting.lost).toBe(0);
      expect(record.notes.map(({ text }) => text).join('\n')).toContain('the load, which goes on');
      expect(record.accounting.acked).toBeGreaterThan(1300 + 200);
      expect(record.verdict, record.reasons.join('; ')).toBe('pass');
    });

    // With consumers: what a crash does to their cursors is in docs/findings.md.
    test('costs what no sync had covered where a timer syncs, which the mode allows', async () => {
      const { record } = await run(cut('async', 2));
      expect(record.accounting.lost).toBeGreaterThan(0);
      expect(anomaliesOf(record)).toContain('lost-window');
      expect(record.accounting.undelivered).toBe(0);
      expect(record.verdict, record.reasons.join('; ')).toBe('pass');
    });
  },
);
