import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt, openEngine } from '../cluster/docker/engine.ts';
import { build, provideImage } from '../cluster/docker/image/image.ts';
import { limitContainer } from '../cluster/docker/limits.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { nodeEntry } from '../driver/reference/program.ts';
import { entryPoint } from '../entry-point.ts';
import type { RunRecord } from '../record/record.ts';
import { DockerRuns, heldOf, nothingHeld } from './testing/docker-runs.ts';

// Limits, faults and images of containers, in real runs as a user starts them.
const missing = await whyNoEngine();
const mebibyte = 1024 ** 2;
const workload = { rate: 200, producers: 1, consumers: 1 };
const [own, idle] = [`ackworth-own:${process.pid}`, `ackworth-idle:${process.pid}`];

/** An image that differs from the harness's own in what it starts. */
async function make(tag: string, entry: (path: string) => string): Promise<void> {
  const engine = await openEngine(engineEndpoint());
  const main = entryPoint(nodeEntry);
  const { tag: from, pathOf } = await provideImage(engine, [main], () => undefined);
  const text = `FROM ${from}\nENTRYPOINT ${entry(pathOf(main))}\n`;
  await build(engine.docker, tag, [{ path: 'Dockerfile', text }]);
}

async function removeImage(tag: string): Promise<void> {
  const image = dockerAt(engineEndpoint()).getImage(tag);
  await image.remove().catch(() => undefined);
}

const suffix = missing ? ` (skipped: ${missing})` : '';

describe.skipIf(missing !== undefined)(
  `a run with limits, an image of one’s own, and too little memory for a while${suffix}`,
  () => {
    let runs: DockerRuns;
    let record: RunRecord;

    beforeAll(async () => {
      runs = new DockerRuns();
      await make(own, (path) => JSON.stringify(['node', path]));
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
        expect(evidence).toMatch(
          /node \d was killed by the kernel \(out of memory: limit .+ MiB\)/,
        );
    });
  },
);

describe.skipIf(missing !== undefined)(`a run in containers${suffix}`, () => {
  let runs: DockerRuns;

  beforeEach(() => {
    runs = new DockerRuns();
  });

  afterEach(() => runs.close());

  test('names a kill for want of memory that nobody had planned, and is no pass', async () => {
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
      /^node 2 ended by itself \(out of memory: limit [\d.]+ MiB\)/m,
    );
  });

  test('is left alone by clean, and is no pass when a container was taken away with the history in it', async () => {
    const scenario = runs.writeScenario([{ name: 'steady', duration: '6s' }], { workload });
    const run = runs.start(scenario);
    await runs.untilSaid(run, /phase steady/);
    const { run: id } = runs.state();
    const held = await heldOf(id);
    expect(held.containers).toHaveLength(5);
    expect(runs.ackworth(['clean']).stdout).toBe(`${id}: still goes on, left alone\n`);
    expect((await heldOf(id)).containers).toEqual(held.containers);
    const container = dockerAt(engineEndpoint()).getContainer(`ackworth-${id}-producer-1`);
    await container.remove({ force: true, v: true });
    expect(await run.ended, run.said()).toBe(2);
    expect(run.said()).toMatch(/the history of producer-1 is missing/);
    expect(await heldOf(id)).toEqual(nothingHeld);
  });

  test('leaves nothing when its harness is killed while its containers are changed', async () => {
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
  });

  test('on an image of one’s own is refused in one sentence where there is none, or one that starts nothing', async () => {
    const args = ['run', 'steady', '--cluster', 'docker', '--image'];
    const absent = runs.ackworth([...args, 'ackworth-own:absent']);
    expect(absent.stderr).toContain(
      'ackworth: the Docker Engine has no image ackworth-own:absent: build it, or get it ' +
        'with `docker pull ackworth-own:absent`\n',
    );
    expect(absent.status).toBe(1);
    try {
      await make(idle, () => '[]');
      const { status, stderr } = runs.ackworth([...args, idle]);
      expect(stderr).toContain(`ackworth: the image ${idle} has no ENTRYPOINT: it needs one`);
      expect(status).toBe(1);
      expect(existsSync(runs.output)).toBe(false);
    } finally {
      await removeImage(idle);
    }
  });
});
