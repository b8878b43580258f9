import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt } from '../cluster/docker/engine.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { DockerRuns, heldOf, nothingHeld } from './testing/docker-runs.ts';
import { makeImageOf, removeImage } from './testing/made-images.ts';

// Containers and images of runs as a user starts them.
const missing = await whyNoEngine();
const workload = { rate: 200, producers: 1, consumers: 1 };
const idle = `ackworth-idle:${process.pid}`;

const suffix = missing ? ` (skipped: ${missing})` : '';

describe.skipIf(missing !== undefined)(`a run in containers${suffix}`, () => {
  let runs: DockerRuns;

  beforeEach(() => {
    runs = new DockerRuns();
  });

  afterEach(() => runs.close());

  test('is left alone by clean, and is no pass when a container was taken away with the history in it', async () => {
    // Longer than a busy machine takes for the command in between.
    const scenario = runs.writeScenario([{ name: 'steady', duration: '15s' }], { workload });
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

  test('on an image of one’s own is refused in one sentence where there is none, or one that starts nothing', async () => {
    const args = ['run', 'steady', '--cluster', 'docker', '--image'];
    const absent = runs.ackworth([...args, 'ackworth-own:absent']);
    expect(absent.stderr).toContain(
      'ackworth: the Docker Engine has no image ackworth-own:absent: build it, or get it ' +
        'with `docker pull ackworth-own:absent`\n',
    );
    expect(absent.status).toBe(1);
    try {
      await makeImageOf(idle, () => '[]');
      const { status, stderr } = runs.ackworth([...args, idle]);
      expect(stderr).toContain(`ackworth: the image ${idle} has no ENTRYPOINT: it needs one`);
      expect(status).toBe(1);
      expect(existsSync(runs.output)).toBe(false);
    } finally {
      await removeImage(idle);
    }
  });
});
