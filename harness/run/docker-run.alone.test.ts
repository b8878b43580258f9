import { existsSync, readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLeftovers } from '../clean/clean.ts';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt } from '../cluster/docker/engine.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { imagesMountedBelow } from '../file-system/loop-mount.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { readRecord } from '../record/read.ts';
import { DockerRuns, heldAltogether, heldOf, nothingHeld } from './testing/docker-runs.ts';

// Real runs on a real engine, as a user starts them.
const missing = await whyNoEngine();

let runs: DockerRuns;

beforeEach(() => {
  runs = new DockerRuns();
});

afterEach(() => runs.close());

describe.skipIf(missing !== undefined)(
  `a run on Docker${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    test('of the scenarios that ship holds, with each fault proven, and leaves nothing', async () => {
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

    test('cuts power on file systems of its own, which drop what was not synced, and gives all back', async () => {
      const cut = ['run', 'power-cut', '--cluster', 'docker', '--flush', 'sync', '--seed', '4'];
      const { status, stdout, stderr } = runs.ackworth(cut);
      expect(status, stdout + stderr).toBe(0);
      const record = await readRecord(join(runs.output, 'latest', 'record.json'));
      expect(record.accounting).toMatchObject({ lost: 0 });
      expect(record.accounting.acked).toBeGreaterThan(50_000);
      const [dark] = record.faults;
      expect(dark?.proof).toMatchObject({ injected: 'confirmed', healed: 'confirmed' });
      // Each log has a mark of how far it is synced, which is not synced itself.
      for (const node of [1, 2, 3]) {
        const lost = `node ${node} lost [1-9][\\d,]* un-synced bytes? of its files \\([\\d,]+ off their ends\\)`;
        const proof = new RegExp(`${lost}, a synced file is there, an un-synced one is not`);
        expect(dark?.proof.healedEvidence).toMatch(proof);
      }
      expect(await heldOf(record.id)).toEqual(nothingHeld);
      expect(imagesMountedBelow(runs.folder)).toEqual([]);
      expect(loopsBelow(runs.folder)).toEqual([]);
    });

    test('needs no folder of this machine on the engine', async () => {
      // The same engine, as one of another machine is reached.
      const through = createServer((near) => {
        const far = connect(engineEndpoint().host.replace('unix://', ''));
        near.pipe(far).pipe(near);
        near.on('error', () => far.destroy());
        far.on('error', () => near.destroy());
      });
      await new Promise<void>((listening) => through.listen(0, '127.0.0.1', listening));
      const { port } = through.address() as AddressInfo;
      const fault = { fault: 'kill', target: 'leader', at: '1s', for: '1s' };
      const killed = { name: 'killed', duration: '14s', faults: [fault] };
      const remote = new DockerRuns({ host: `tcp://127.0.0.1:${port}` });
      const run = remote.start(remote.writeScenario([killed]));
      expect(await run.ended, run.said()).toBe(0);
      const record = await readRecord(join(remote.output, 'latest', 'record.json'));
      expect(record.accounting).toMatchObject({ lost: 0 });
      expect(record.cluster.note).toContain('data in volumes of the engine');
      expect(await heldOf(record.id)).toEqual(nothingHeld);
      await remote.close();
      through.close();
    });

    test('is left alone by clean, and is no pass when a container was taken away with the history in it', async () => {
      const scenario = runs.writeScenario([{ name: 'steady', duration: '6s' }]);
      const run = runs.start(scenario);
      await runs.untilSaid(run, /phase steady/);
      const { run: id } = runs.state();
      const held = await heldOf(id);
      expect(held.containers).toHaveLength(7);
      expect(runs.ackworth(['clean']).stdout).toBe(`${id}: still goes on, left alone\n`);
      expect((await heldOf(id)).containers).toEqual(held.containers);
      const container = dockerAt(engineEndpoint()).getContainer(
        `ackworth-${runs.state().run}-producer-1`,
      );
      await container.remove({ force: true, v: true });
      expect(await run.ended, run.said()).toBe(2);
      expect(run.said()).toMatch(/the history of producer-1 is missing/);
      expect(await heldOf(runs.state().run)).toEqual(nothingHeld);
    });
  },
);
