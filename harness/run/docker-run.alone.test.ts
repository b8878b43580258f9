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
    test('kills, stops, pauses and restarts containers, proves it, and leaves nothing', async () => {
      const before = await heldAltogether();
      const fault = (kind: string, target: string, at: string, more: object) => ({
        fault: kind,
        target,
        at,
        ...more,
      });
      const scenario = runs.writeScenario([
        {
          name: 'nodes',
          duration: '24s',
          faults: [
            fault('kill', 'leader', '1s', { for: '2s' }),
            fault('stop', 'follower', '7s', { for: '2s' }),
            fault('pause', 'leader', '13s', { for: '2s' }),
            fault('restart', 'follower', '19s', {}),
          ],
        },
        {
          name: 'clients',
          // A recovery is believed only after five seconds of service.
          duration: '20s',
          faults: [
            fault('kill', 'consumer', '1s', { for: '2s' }),
            fault('pause', 'consumer', '5s', { for: '1s' }),
            fault('kill', 'producer', '8s', { for: '2s' }),
          ],
        },
      ]);
      const { status, stdout, stderr } = runs.ackworth([
        'run',
        scenario,
        '--cluster',
        'docker',
        '--seed',
        '3',
      ]);
      expect(status, stdout + stderr).toBe(0);
      const record = await readRecord(join(runs.output, 'latest', 'record.json'));
      expect(record.cluster.kind).toBe('docker');
      expect(record.accounting).toMatchObject({ lost: 0 });
      expect(record.accounting.acked).toBeGreaterThan(30_000);
      for (const { kind, proof } of record.faults)
        expect([kind, proof.injected, proof.healed]).toEqual([kind, 'confirmed', 'confirmed']);
      const evidence = record.faults.map(({ proof }) => proof.injectedEvidence);
      expect(evidence[0]).toMatch(/^container with process \d+ is gone, no answer/);
      expect(evidence[2]).toMatch(/^container with process \d+ is paused, no answer/);
      // Each life of a worker left its own, those that were killed too.
      expect(runs.workerHistories()).toHaveLength(4);
      const second = readdirSync(join(runs.output, 'latest', 'history')).filter((name) =>
        name.endsWith('.2.ackh'),
      );
      expect(second.toSorted()).toEqual([
        expect.stringMatching(/^consumer-/),
        expect.stringMatching(/^producer-/),
      ]);
      expect(await heldOf(record.id)).toEqual(nothingHeld);
      expect(await heldAltogether()).toEqual(before);
      expect(existsSync(join(runs.output, 'latest', 'data'))).toBe(false);
      expect(await findLeftovers(runs.output)).toEqual([]);
    });

    test('cuts links by packet filters and power on file systems of its own, and gives all back', async () => {
      const scenario = runs.writeScenario([
        {
          name: 'cut-off',
          duration: '16s',
          faults: [{ fault: 'cut', target: 'leader', at: '1s', for: '4s' }],
        },
        {
          name: 'dark',
          duration: '16s',
          faults: [{ fault: 'power-cut', target: 'all-nodes', at: '1s', for: '1s' }],
        },
      ]);
      const { status, stdout, stderr } = runs.ackworth([
        'run',
        scenario,
        '--cluster',
        'docker',
        '--seed',
        '4',
      ]);
      expect(status, stdout + stderr).toBe(0);
      const record = await readRecord(join(runs.output, 'latest', 'record.json'));
      expect(record.cluster.network).toBe('filtered');
      expect(record.accounting).toMatchObject({ lost: 0 });
      const [cut, dark] = record.faults;
      expect(cut?.proof.injectedEvidence).toMatch(
        /lost on \d+ of \d+ ways that are cut, passed on 2 of 2 others/,
      );
      expect(cut?.proof.injectedEvidence).toMatch(
        /[1-9]\d* connections held, 0 bytes came through/,
      );
      for (const fault of [cut, dark])
        expect(fault?.proof).toMatchObject({ injected: 'confirmed', healed: 'confirmed' });
      // Each log has a mark of how far it is synced, which is not synced itself.
      for (const node of [1, 2, 3]) {
        const lost = `node ${node} lost [1-9][\\d,]* un-synced bytes? of its files \\([\\d,]+ off their ends\\)`;
        const proof = new RegExp(`${lost}, a synced file is there, an un-synced one is not`);
        expect(dark?.proof.healedEvidence).toMatch(proof);
      }
      expect(record.resources.map(({ site }) => site)).toEqual(
        expect.arrayContaining(['node-1', 'node-2', 'node-3', 'producer-1', 'consumer-2']),
      );
      for (const { cpuSeconds, memoryBytesMax, network } of record.resources) {
        expect(cpuSeconds).toBeGreaterThan(0);
        expect(memoryBytesMax).toBeGreaterThan(10 * 1024 ** 2);
        expect(network?.receivedBytes).toBeGreaterThan(10_000);
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
