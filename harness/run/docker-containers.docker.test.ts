import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cleanLeftovers } from '../clean/clean.ts';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt, openEngine } from '../cluster/docker/engine.ts';
import { build, provideImage } from '../cluster/docker/image/image.ts';
import { limitContainer } from '../cluster/docker/limits.ts';
import { findRun } from '../cluster/docker/remove-run.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { nodeEntry } from '../driver/reference/program.ts';
import { entryPoint } from '../entry-point.ts';
import { readRecord } from '../record/read.ts';
import type { RunRecord } from '../record/record.ts';
import type { SupervisorState } from '../supervisor/protocol.ts';

// Limits, faults and images of containers, in real runs as a user starts them.
const missing = await whyNoEngine();
const bin = resolve('bin/ackworth.js');
const env = { ...process.env, NO_COLOR: '1' };
const mebibyte = 1024 ** 2;
const nothing = { containers: [], networks: [], volumes: [] };

let folder: string;
let output: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ackworth-containers-')));
  output = join(folder, 'runs');
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  if (existsSync(output)) await cleanLeftovers(output);
  rmSync(folder, { recursive: true, force: true });
});

function writeScenario(duration: string, faults: readonly object[], more: object = {}): string {
  const scenario = {
    name: 'mine',
    question: 'Does it hold in containers?',
    warmUp: '1s',
    workload: { rate: 500, producers: 1, consumers: 1 },
    phases: [{ name: 'one', duration, faults }],
    ...more,
  };
  writeFileSync(join(folder, 'mine.scenario.json'), JSON.stringify(scenario));
  return './mine.scenario.json';
}

const onDocker = (scenario: string, ...more: string[]): string[] => [
  bin,
  'run',
  scenario,
  '--cluster',
  'docker',
  '--seed',
  '5',
  ...more,
];

function ackworth(args: readonly string[]) {
  return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env });
}

/** Starts a run, and resolves once it has said this. */
async function until(words: RegExp, args: readonly string[]) {
  const harness = spawn(process.execPath, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(harness);
  let said = '';
  const ended = new Promise<number | null>((done) => harness.once('exit', done));
  await new Promise<void>((done, failed) => {
    const hear = (text: Buffer): void => {
      said += text.toString();
      if (words.test(said)) done();
    };
    harness.stdout.on('data', hear);
    harness.stderr.on('data', hear);
    harness.once('exit', () => failed(new Error(said)));
  });
  const state = readFileSync(join(output, 'latest', 'supervisor.json'), 'utf8');
  const { run } = JSON.parse(state) as SupervisorState;
  return { harness, ended, run, said: () => said };
}

const latest = (): Promise<RunRecord> => readRecord(join(output, 'latest', 'record.json'));
const heldOf = (run: string) => findRun(dockerAt(engineEndpoint()), run);

describe.skipIf(missing !== undefined)(
  `a run in containers${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    test('has nodes and workers with the limits of its scenario, as its record tells', async () => {
      const containers = { node: { memory: '256MiB', cpus: 0.8 }, worker: { memory: '192MiB' } };
      const scenario = writeScenario('6s', [], { containers });
      const { status, stdout, stderr } = ackworth(onDocker(scenario));
      expect(status, stdout + stderr).toBe(0);
      const { resources } = await latest();
      const limitsOf = new Map(resources.map(({ site, limits }) => [site, limits]));
      for (const node of ['node-1', 'node-2', 'node-3'])
        expect(limitsOf.get(node)).toEqual({ memoryBytes: 256 * mebibyte, cpus: 0.8 });
      for (const worker of ['producer-1', 'consumer-1'])
        expect(limitsOf.get(worker)).toEqual({ memoryBytes: 192 * mebibyte, cpus: null });
    });

    test('names a kill for want of memory in the fault that brought it about, and passes', async () => {
      const scenario = writeScenario('14s', [
        { fault: 'memory-limit', target: 'leader', at: '1s', for: '3s', with: { bytes: '12MiB' } },
      ]);
      const { status, stdout, stderr } = ackworth(onDocker(scenario));
      expect(status, stdout + stderr).toBe(0);
      const { faults, accounting } = await latest();
      expect(accounting.lost).toBe(0);
      expect(faults[0]?.proof).toMatchObject({ injected: 'confirmed', healed: 'confirmed' });
      for (const evidence of [faults[0]?.proof.injectedEvidence, faults[0]?.proof.healedEvidence])
        expect(evidence).toMatch(
          /node \d was killed by the kernel \(out of memory: limit .+ MiB\)/,
        );
    });

    test('names it, too, where nobody had planned it, and is no pass', async () => {
      // A replica is missing for good.
      const scenario = writeScenario('12s', [], { drain: '3s' });
      const { ended, run, said } = await until(/phase one/, onDocker(scenario));
      const victim = dockerAt(engineEndpoint()).getContainer(`ackworth-${run}-node-2`);
      await limitContainer(victim, { memoryBytes: 12 * mebibyte }).catch(() => undefined);
      expect(await ended, said()).toBe(2);
      expect((await latest()).reasons.join('\n')).toMatch(
        /^node 2 ended by itself \(out of memory: limit [\d.]+ MiB\)/m,
      );
    });

    test('leaves nothing when its harness is killed while its containers are changed', async () => {
      const step = (fault: string, node: number, more: object) => ({
        fault,
        target: `node-${node}`,
        at: '1s',
        for: '50s',
        ...more,
      });
      const scenario = writeScenario('60s', [
        step('disconnect', 1, {}),
        step('cpu-limit', 2, { with: { cpus: 0.1 } }),
        step('memory-limit', 3, { with: { bytes: '12MiB' } }),
      ]);
      const faults = ['disconnect node 1', 'cpu-limit node 2', 'memory-limit node 3'];
      const probed = new RegExp(`^${faults.map((fault) => `(?=[^]*${fault}: probed)`).join('')}`);
      const { harness, run } = await until(probed, onDocker(scenario));
      harness.kill('SIGKILL');
      const deadline = performance.now() + 15_000;
      while (performance.now() < deadline && Object.values(await heldOf(run)).flat().length > 0)
        await sleep(100);
      expect(await heldOf(run)).toEqual(nothing);
    });

    describe('whose nodes are an image of one’s own', () => {
      const [own, idle] = [`ackworth-own:${process.pid}`, `ackworth-idle:${process.pid}`];

      async function make(tag: string, entry: (path: string) => string): Promise<void> {
        const engine = await openEngine(engineEndpoint());
        const main = entryPoint(nodeEntry);
        const { tag: from, pathOf } = await provideImage(engine, [main], () => undefined);
        const text = `FROM ${from}\nENTRYPOINT ${entry(pathOf(main))}\n`;
        await build(engine.docker, tag, [{ path: 'Dockerfile', text }]);
      }

      afterEach(async () => {
        const docker = dockerAt(engineEndpoint());
        for (const tag of [own, idle])
          await docker
            .getImage(tag)
            .remove()
            .catch(() => undefined);
      });

      test('runs them, and the record names it', async () => {
        await make(own, (path) => JSON.stringify(['node', path]));
        const scenario = writeScenario('6s', []);
        const { status, stdout, stderr } = ackworth(onDocker(scenario, '--image', own));
        expect(status, stdout + stderr).toBe(0);
        const { target, cluster, accounting } = await latest();
        expect(target.config).toMatchObject({ nodeImage: own });
        expect(cluster.note).toContain(`nodes from image ${own}`);
        expect(accounting.acked).toBeGreaterThan(2000);
      });

      test('is refused in one sentence where there is none, or one that starts nothing', async () => {
        const scenario = writeScenario('6s', []);
        const absent = ackworth(onDocker(scenario, '--image', 'ackworth-own:absent'));
        expect(absent.stderr).toContain(
          'ackworth: the Docker Engine has no image ackworth-own:absent: build it, or get it ' +
            'with `docker pull ackworth-own:absent`\n',
        );
        expect(absent.status).toBe(1);
        await make(idle, () => '[]');
        const { status, stderr } = ackworth(onDocker(scenario, '--image', idle));
        expect(stderr).toContain(`ackworth: the image ${idle} has no ENTRYPOINT: it needs one`);
        expect(status).toBe(1);
        expect(existsSync(output)).toBe(false);
      });
    });
  },
);
