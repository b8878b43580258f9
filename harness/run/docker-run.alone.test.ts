import { existsSync, readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findLeftovers } from '../clean/clean.ts';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import type { RunRecord } from '../record/record.ts';
import { DockerRuns, heldAltogether } from './testing/docker-runs.ts';

// Real runs on a real engine, as a user starts them, two at a time where two cores bear that.
const missing = await whyNoEngine();

const suffix = missing ? ` (skipped: ${missing})` : '';

/** So that two cores bear two runs at once. */
const light = 2000;
/** So that they catch up with what five nodes could not serve for twelve seconds, and serve on. */
const lightest = 500;

describe.skipIf(missing !== undefined)(`a run on Docker${suffix}`, () => {
  let before: readonly string[];

  beforeAll(async () => {
    before = await heldAltogether();
  });

  afterAll(async () => {
    expect(await heldAltogether()).toEqual(before);
  });

  /** One after the other, as they ship but for their rates; resolves with their records. */
  async function shipped(
    runs: DockerRuns,
    names: readonly string[],
    rate = light,
  ): Promise<RunRecord[]> {
    const records = await runs.passingAll(names, '--rate', `${rate}`);
    for (const [index, record] of records.entries()) {
      expect(record.cluster.kind).toBe('docker');
      expect(record.accounting).toMatchObject({ lost: 0 });
      // Each takes more than half a minute.
      expect(record.accounting.acked).toBeGreaterThan(25 * rate);
      expect(record.faults.length).toBeGreaterThan(0);
      expect(existsSync(join(runs.of(names[index]!), 'data'))).toBe(false);
    }
    expect(await findLeftovers(runs.output)).toEqual([]);
    return records;
  }

  test('holds when a part of five nodes is killed, and leaves nothing', async ({
    onTestFinished,
  }) => {
    const runs = new DockerRuns();
    onTestFinished(() => runs.close());
    await shipped(runs, ['part-kill'], lightest);
  });

  test.concurrent(
    'holds when nodes and consumers are killed, and leaves nothing',
    async ({ onTestFinished }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      const [killed, consumed] = await shipped(runs, ['leader-kill', 'consumer-kill']);
      expect(killed?.faults[0]?.proof.injectedEvidence).toMatch(
        /^container with process \d+ is gone, no answer/,
      );
      for (const { effectiveAtMs, requestedAtMs } of [...killed!.faults, ...consumed!.faults])
        expect(effectiveAtMs! - requestedAtMs).toBeLessThan(500);
      for (const { cpuSeconds, memoryBytesMax, network } of killed?.resources ?? []) {
        expect(cpuSeconds).toBeGreaterThan(0);
        expect(memoryBytesMax).toBeGreaterThan(10 * 1024 ** 2);
        expect(network?.receivedBytes).toBeGreaterThan(10_000);
      }
      expect(killed?.resources.map(({ site }) => site)).toEqual(
        expect.arrayContaining(['node-1', 'node-2', 'node-3', 'producer-1', 'consumer-2']),
      );
      // Each life of a worker left its own, that which was killed too.
      const lives = readdirSync(join(runs.of('consumer-kill'), 'history'));
      expect(lives.filter((life) => /^consumer-\d(\.2)?\.ackh$/.test(life))).toHaveLength(3);
    },
  );

  test.concurrent(
    'holds when nodes are cut off, and leaves nothing',
    async ({ onTestFinished }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      const [cut] = await shipped(runs, ['partition']);
      expect(cut?.cluster.network).toBe('filtered');
      expect(cut?.faults[0]?.proof.injectedEvidence).toMatch(
        /lost on \d+ of \d+ ways that are cut, passed on \d+ of \d+ others/,
      );
      expect(cut?.faults[0]?.proof.injectedEvidence).toMatch(
        /[1-9]\d* connections held, 0 bytes came through/,
      );
    },
  );

  test.concurrent(
    'cuts power on file systems of its own, which drop what was not synced, and gives all back',
    async ({ onTestFinished }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      const record = await runs.passing('power-cut', '--flush', 'sync', '--duration', '26s');
      expect(record.accounting).toMatchObject({ lost: 0 });
      expect(record.accounting.acked).toBeGreaterThan(30_000);
      const [dark] = record.faults;
      // Each log has a mark of how far it is synced, which is not synced itself.
      for (const node of [1, 2, 3]) {
        const lost = `node ${node} lost [1-9][\\d,]* un-synced bytes? of its files \\([\\d,]+ off their ends\\)`;
        const proof = new RegExp(`${lost}, a synced file is there, an un-synced one is not`);
        expect(dark?.proof.healedEvidence).toMatch(proof);
      }
    },
  );

  test.concurrent('needs no folder of this machine on the engine', async ({ onTestFinished }) => {
    // The same engine, as one of another machine is reached.
    const through = createServer((near) => {
      const far = connect(engineEndpoint().host.replace('unix://', ''));
      near.pipe(far).pipe(near);
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
    });
    onTestFinished(() => void through.close());
    await new Promise<void>((listening) => through.listen(0, '127.0.0.1', listening));
    const { port } = through.address() as AddressInfo;
    const fault = { fault: 'kill', target: 'leader', at: '1s', for: '1s' };
    const killed = { name: 'killed', duration: '12s', faults: [fault] };
    const workload = { rate: 500, producers: 1, consumers: 1 };
    const runs = new DockerRuns({ host: `tcp://127.0.0.1:${port}` });
    onTestFinished(() => runs.close());
    const record = await runs.passing(runs.writeScenario([killed], { workload }));
    expect(record.accounting).toMatchObject({ lost: 0 });
    expect(record.cluster.note).toContain('data in volumes of the engine');
  });
});
