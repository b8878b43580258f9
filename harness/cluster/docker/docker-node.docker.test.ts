import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeContainer } from '../node-container.ts';
import type { SupervisedCluster } from '../supervised-cluster.ts';
import { engineEndpoint } from './endpoint.ts';
import { dockerAt } from './engine.ts';
import { clusterOnEngine } from './testing/cluster-on-engine.ts';
import { whyNoEngine } from './testing/why-no-engine.ts';

const missing = await whyNoEngine();
const run = `nodes-${process.pid}`;
const mebibyte = 1024 ** 2;
const limits = { memoryBytes: 512 * mebibyte, cpus: 1 };
/** The engine checks every half a minute. */
const healthMsMax = 45_000;

describe.skipIf(missing !== undefined)(
  `the containers of nodes${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    let close: () => Promise<readonly string[]>;
    let cluster: SupervisedCluster;
    const container = (node: number): NodeContainer => cluster.container(node)!;

    beforeAll(async () => {
      ({ cluster, close } = await clusterOnEngine(run, {
        limits: { node: limits, worker: limits },
        healthChecks: true,
      }));
      await cluster.up();
    });

    afterAll(async () => {
      await cluster?.down();
      expect(await close()).toEqual([]);
    });

    test('may use what they were given, and are on both networks', async () => {
      for (const node of [1, 2, 3]) {
        const { limits: given, networks, counters, ending } = await container(node).look();
        expect({ given, networks, ending }).toEqual({
          given: limits,
          networks: ['client', 'cluster'],
          ending: null,
        });
        expect(counters.memoryBytes).toBeGreaterThan(10 * mebibyte);
        expect(counters.cpuSeconds).toBeGreaterThan(0);
      }
    });

    test('may use less, and then what they were given again, also after a death', async () => {
      await container(1).limit({ cpus: 0.25 });
      expect((await container(1).look()).limits).toEqual({ ...limits, cpus: 0.25 });
      await cluster.kill(1);
      expect((await container(1).look()).ending).toEqual({ how: 'SIGKILL', outOfMemory: false });
      await cluster.start(1);
      expect((await container(1).look()).limits.cpus).toBe(0.25);
      await container(1).limit({ cpus: null, memoryBytes: null });
      expect((await container(1).look()).limits).toEqual({ memoryBytes: null, cpus: null });
      await container(1).limit(limits);
      expect((await container(1).look()).limits).toEqual(limits);
    });

    test('off the network between nodes answer their clients alone, also after a death', async () => {
      await container(2).disconnect();
      await container(2).disconnect();
      expect((await container(2).look()).networks).toEqual(['client']);
      expect(await cluster.answers(2)).toBe(true);
      expect(await container(2).answersPeers()).toBe(false);
      await cluster.kill(2);
      await cluster.start(2);
      expect((await container(2).look()).networks).toEqual(['client']);
      await container(2).reconnect();
      await container(2).reconnect();
      expect((await container(2).look()).networks).toEqual(['client', 'cluster']);
      expect(await container(2).answersPeers()).toBe(true);
    });

    test('are found healthy by the engine, whose check fails where no node serves', async () => {
      const docker = dockerAt(engineEndpoint());
      const held = docker.getContainer(`ackworth-${run}-node-2.2`);
      const deadline = performance.now() + healthMsMax;
      let status: string | undefined;
      while (status !== 'healthy' && performance.now() < deadline) {
        status = (await held.inspect()).State.Health?.Status;
        await sleep(500);
      }
      expect(status).toBe('healthy');
      const [, ...check] = (await held.inspect()).Config.Healthcheck?.Test ?? [];
      const elsewhere = check.map((word) => word.replace(':7071', ':7072'));
      const codes: (number | null)[] = [];
      for (const Cmd of [check, elsewhere]) {
        const exec = await held.exec({ Cmd, AttachStdout: true });
        const output = await exec.start({});
        await new Promise((ended) => output.once('end', ended).resume());
        codes.push((await exec.inspect()).ExitCode);
      }
      expect(codes).toEqual([0, 1]);
    });
  },
);
