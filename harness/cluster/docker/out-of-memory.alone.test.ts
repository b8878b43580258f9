import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeContainer } from '../node-container.ts';
import type { SupervisedCluster } from '../supervised-cluster.ts';
import { clusterOnEngine } from './testing/cluster-on-engine.ts';
import { whyNoEngine } from './testing/why-no-engine.ts';

// Alone, as whatever makes the kernel short of memory: see harness/run/short-of-memory.alone.test.ts.
const missing = await whyNoEngine();
const run = `memory-${process.pid}`;
const mebibyte = 1024 ** 2;
const limits = { memoryBytes: 512 * mebibyte, cpus: 1 };

describe.skipIf(missing !== undefined)(
  `the containers of nodes${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    let close: () => Promise<readonly string[]>;
    let cluster: SupervisedCluster;
    const container = (node: number): NodeContainer => cluster.container(node)!;

    beforeAll(async () => {
      ({ cluster, close } = await clusterOnEngine(run, {
        limits: { node: limits, worker: limits },
      }));
      await cluster.up();
    });

    afterAll(async () => {
      await cluster?.down();
      expect(await close()).toEqual([]);
    });

    test('that die for want of memory are told from those that are killed', async () => {
      await container(1).limit({ memoryBytes: 12 * mebibyte });
      const deadline = performance.now() + 20_000;
      while ((await cluster.state(1)) !== 'stopped' && performance.now() < deadline) {
        // What it is asked takes memory.
        await Promise.all(Array.from({ length: 50 }, () => cluster.answers(1)));
      }
      const { ending } = await container(1).look();
      // Of a limit that killed before the engine had set it in all places it keeps the one before.
      expect(ending?.how).toMatch(/^out of memory: limit [\d.]+ MiB$/);
      expect(ending?.outOfMemory).toBe(true);
      await container(1).limit({ memoryBytes: limits.memoryBytes });
      await cluster.start(1);
      expect((await container(1).look()).limits).toEqual(limits);
    });
  },
);
