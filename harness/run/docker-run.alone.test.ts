import { existsSync, readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findLeftovers } from '../clean/clean.ts';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { readRecord } from '../record/read.ts';
import { DockerRuns, heldAltogether, heldOf, nothingHeld } from './testing/docker-runs.ts';

// Real runs on a real engine, as a user starts them.
const missing = await whyNoEngine();

const suffix = missing ? ` (skipped: ${missing})` : '';

describe.skipIf(missing !== undefined)(`a run on Docker${suffix}`, () => {
  test('of the scenarios that ship holds, with each fault proven, and leaves nothing', async ({
    onTestFinished,
  }) => {
    const runs = new DockerRuns();
    onTestFinished(() => runs.close());
    const before = await heldAltogether();
    const names = ['leader-kill', 'consumer-kill', 'partition', 'part-kill'];
    const all = ['run', ...names, '--cluster', 'docker', '--seed', '3'];
    const { status, stdout, stderr } = runs.ackworth(all);
    expect(status, stdout + stderr).toBe(0);
    for (const name of names) {
      const record = await readRecord(join(runs.of(name), 'record.json'));
      expect(record.cluster.kind).toBe('docker');
      expect(record.accounting).toMatchObject({ lost: 0 });
      expect(record.accounting.acked).toBeGreaterThan(50_000);
      expect(record.faults.length).toBeGreaterThan(0);
      for (const { kind, proof } of record.faults)
        expect([kind, proof.injected, proof.healed]).toEqual([kind, 'confirmed', 'confirmed']);
      expect(await heldOf(record.id)).toEqual(nothingHeld);
      expect(existsSync(join(runs.of(name), 'data'))).toBe(false);
    }
    const [killed, consumed, cut] = await Promise.all(
      names.map((name) => readRecord(join(runs.of(name), 'record.json'))),
    );
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
    expect(cut?.cluster.network).toBe('filtered');
    expect(cut?.faults[0]?.proof.injectedEvidence).toMatch(
      /lost on \d+ of \d+ ways that are cut, passed on \d+ of \d+ others/,
    );
    expect(cut?.faults[0]?.proof.injectedEvidence).toMatch(
      /[1-9]\d* connections held, 0 bytes came through/,
    );
    // Each life of a worker left its own, that which was killed too.
    const lives = readdirSync(join(runs.of('consumer-kill'), 'history'));
    expect(lives.filter((life) => /^consumer-\d(\.2)?\.ackh$/.test(life))).toHaveLength(3);
    expect(await heldAltogether()).toEqual(before);
    expect(await findLeftovers(runs.output)).toEqual([]);
  }, 300_000);
});

// Neither takes all that two cores have.
describe.skipIf(missing !== undefined)(`a run on Docker${suffix}`, { concurrent: true }, () => {
  test('cuts power on file systems of its own, which drop what was not synced, and gives all back', async ({
    onTestFinished,
  }) => {
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
  });

  test('needs no folder of this machine on the engine', async ({ onTestFinished }) => {
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
