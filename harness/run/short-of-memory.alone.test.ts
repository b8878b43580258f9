import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt } from '../cluster/docker/engine.ts';
import { limitContainer } from '../cluster/docker/limits.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import type { RunRecord } from '../record/record.ts';
import { DockerRuns, heldOf, nothingHeld } from './testing/docker-runs.ts';
import { makeImageOf, removeImage } from './testing/made-images.ts';

// Alone: where a container is at its limit the kernel writes back what is dirty on every device of the
// machine, and whatever power cut comes then costs less than its test expects.
const missing = await whyNoEngine();
const mebibyte = 1024 ** 2;
const workload = { rate: 200, producers: 1, consumers: 1 };
const own = `ackworth-own:${process.pid}`;

/**
 * The engine forgets a limit that killed before it had been set in all places: it takes the update
 * back, which has failed.
 */
const outOfMemory = String.raw`\(out of memory(: limit [\d.]+ MiB)?\)`;

const suffix = missing ? ` (skipped: ${missing})` : '';

describe.skipIf(missing !== undefined)(
  `a run with limits, an image of one’s own, and too little memory for a while${suffix}`,
  () => {
    let runs: DockerRuns;
    let record: RunRecord;

    beforeAll(async () => {
      runs = new DockerRuns();
      await makeImageOf(own, (path) => JSON.stringify(['node', path]));
      const containers = { node: { memory: '256MiB', cpus: 0.8 }, worker: { memory: '192MiB' } };
      const short = { fault: 'memory-limit', at: '1s', for: '3s', with: { bytes: '12MiB' } };
      const phase = { name: 'one', duration: '14s', faults: [{ ...short, target: 'leader' }] };
      const scenario = runs.writeScenario([phase], { workload, containers });
      record = await runs.passing(scenario, '--image', own);
    });

    afterAll(async () => {
      await runs.close();
      await removeImage(own);
    });

    test('has nodes and workers with the limits of its scenario, as its record tells', () => {
      const limitsOf = new Map(record.resources.map(({ site, limits }) => [site, limits]));
      for (const node of ['node-1', 'node-2', 'node-3'])
        expect(limitsOf.get(node)).toEqual({ memoryBytes: 256 * mebibyte, cpus: 0.8 });
      for (const worker of ['producer-1', 'consumer-1'])
        expect(limitsOf.get(worker)).toEqual({ memoryBytes: 192 * mebibyte, cpus: null });
    });

    test('runs the image, and names it', () => {
      expect(record.target.config).toMatchObject({ nodeImage: own });
      expect(record.cluster.note).toContain(`nodes from image ${own}`);
      expect(record.accounting.acked).toBeGreaterThan(1000);
    });

    test('names a kill for want of memory in the fault that brought it about, and passes', () => {
      expect(record.accounting.lost).toBe(0);
      const proof = record.faults[0]?.proof;
      for (const evidence of [proof?.injectedEvidence, proof?.healedEvidence])
        expect(evidence).toMatch(new RegExp(`node \\d was killed by the kernel ${outOfMemory}`));
    });
  },
);

describe.skipIf(missing !== undefined)(`a run in containers${suffix}`, () => {
  test.concurrent(
    'names a kill for want of memory that nobody had planned, and is no pass',
    async ({ onTestFinished }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      // A replica is missing for good.
      const scenario = runs.writeScenario([{ name: 'one', duration: '8s' }], {
        workload,
        drain: '3s',
      });
      const run = runs.start(scenario);
      await runs.untilSaid(run, /phase one/);
      const name = `ackworth-${runs.state().run}-node-2`;
      const victim = dockerAt(engineEndpoint()).getContainer(name);
      await limitContainer(victim, { memoryBytes: 12 * mebibyte }).catch(() => undefined);
      expect(await run.ended, run.said()).toBe(2);
      expect((await runs.latest()).reasons.join('\n')).toMatch(
        new RegExp(`^node 2 ended by itself ${outOfMemory}`, 'm'),
      );
    },
  );

  test.concurrent(
    'leaves nothing when its harness is killed while its containers are changed',
    async ({ onTestFinished }) => {
      const runs = new DockerRuns();
      onTestFinished(() => runs.close());
      const step = (fault: string, node: number, more: object) => ({
        fault,
        target: `node-${node}`,
        at: '1s',
        for: '50s',
        ...more,
      });
      const faults = [
        step('disconnect', 1, {}),
        step('cpu-limit', 2, { with: { cpus: 0.1 } }),
        step('memory-limit', 3, { with: { bytes: '12MiB' } }),
      ];
      const scenario = runs.writeScenario([{ name: 'one', duration: '60s', faults }], { workload });
      const run = runs.start(scenario);
      const probed = ['disconnect node 1', 'cpu-limit node 2', 'memory-limit node 3'].map(
        (fault) => new RegExp(`${fault}: probed`),
      );
      await runs.untilSaid(run, ...probed);
      run.harness.kill('SIGKILL');
      const { run: id } = runs.state();
      const deadline = performance.now() + 15_000;
      while (performance.now() < deadline && Object.values(await heldOf(id)).flat().length > 0)
        await sleep(100);
      expect(await heldOf(id)).toEqual(nothingHeld);
    },
  );
});
