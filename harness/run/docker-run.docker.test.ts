import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cleanLeftovers, findLeftovers } from '../clean/clean.ts';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt } from '../cluster/docker/engine.ts';
import { findRun, type RunOnEngine } from '../cluster/docker/remove-run.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { imagesMountedBelow } from '../file-system/loop-mount.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { readRecord } from '../record/read.ts';
import { signalProcess } from '../supervisor/process-table.ts';
import type { SupervisorState } from '../supervisor/protocol.ts';

// Real runs on a real engine, as a user starts them.
const missing = await whyNoEngine();
const bin = resolve('bin/ackworth.js');

let folder: string;
let output: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'ackworth-docker-')));
  output = join(folder, 'runs');
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  if (existsSync(output)) await cleanLeftovers(output);
  rmSync(folder, { recursive: true, force: true });
});

function writeScenario(phases: readonly object[]): string {
  const scenario = {
    name: 'mine',
    question: 'Does it hold in containers?',
    warmUp: '1s',
    workload: { rate: 1000, producers: 2, consumers: 2 },
    phases,
  };
  writeFileSync(join(folder, 'mine.scenario.json'), JSON.stringify(scenario));
  return './mine.scenario.json';
}

/** NO_COLOR, since these tests read words. */
const env = { ...process.env, NO_COLOR: '1' };

function ackworth(args: readonly string[]) {
  return spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8', env });
}

function stateOfRun(): SupervisorState {
  return JSON.parse(readFileSync(join(output, 'latest', 'supervisor.json'), 'utf8')) as SupervisorState;
}

function heldOf(run: string): Promise<RunOnEngine> {
  return findRun(dockerAt(engineEndpoint()), run);
}

const nothing: RunOnEngine = { containers: [], networks: [], volumes: [] };

async function untilNothingIsHeld(run: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (performance.now() < deadline) {
    const { containers, networks, volumes } = await heldOf(run);
    if (containers.length + networks.length + volumes.length === 0) return;
    await sleep(100);
  }
  expect(await heldOf(run)).toEqual(nothing);
}

function workerHistories(): string[] {
  return readdirSync(join(output, 'latest', 'history')).filter((name) => /^(consumer|producer)-\d\.ackh$/.test(name));
}

describe.skipIf(missing !== undefined)(`a run on Docker${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('kills, stops, pauses and restarts containers, proves it, and leaves nothing', async () => {
    const fault = (kind: string, target: string, at: string, more: object) => ({ fault: kind, target, at, ...more });
    const scenario = writeScenario([
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
    const { status, stdout, stderr } = ackworth(['run', scenario, '--cluster', 'docker', '--seed', '3']);
    expect(status, stdout + stderr).toBe(0);
    const record = await readRecord(join(output, 'latest', 'record.json'));
    expect(record.cluster.kind).toBe('docker');
    expect(record.accounting).toMatchObject({ lost: 0 });
    expect(record.accounting.acked).toBeGreaterThan(30_000);
    for (const { kind, proof } of record.faults)
      expect([kind, proof.injected, proof.healed]).toEqual([kind, 'confirmed', 'confirmed']);
    const evidence = record.faults.map(({ proof }) => proof.injectedEvidence);
    expect(evidence[0]).toMatch(/^container with process \d+ is gone, no answer/);
    expect(evidence[2]).toMatch(/^container with process \d+ is paused, no answer/);
    // Each life of a worker left its own, those that were killed too.
    expect(workerHistories()).toHaveLength(4);
    const second = readdirSync(join(output, 'latest', 'history')).filter((name) => name.endsWith('.2.ackh'));
    expect(second.toSorted()).toEqual([
      expect.stringMatching(/^consumer-/),
      expect.stringMatching(/^producer-/),
    ]);
    expect(await heldOf(record.id)).toEqual(nothing);
    expect(existsSync(join(output, 'latest', 'data'))).toBe(false);
    expect(await findLeftovers(output)).toEqual([]);
  });

  test('cuts links by packet filters and power on file systems of its own, and gives all back', async () => {
    const scenario = writeScenario([
      { name: 'cut-off', duration: '16s', faults: [{ fault: 'cut', target: 'leader', at: '1s', for: '4s' }] },
      { name: 'dark', duration: '16s', faults: [{ fault: 'power-cut', target: 'all-nodes', at: '1s', for: '1s' }] },
    ]);
    const { status, stdout, stderr } = ackworth(['run', scenario, '--cluster', 'docker', '--seed', '4']);
    expect(status, stdout + stderr).toBe(0);
    const record = await readRecord(join(output, 'latest', 'record.json'));
    expect(record.cluster.network).toBe('filtered');
    expect(record.accounting).toMatchObject({ lost: 0 });
    const [cut, dark] = record.faults;
    expect(cut?.proof.injectedEvidence).toMatch(/lost on \d+ of \d+ ways that are cut, passed on 2 of 2 others/);
    expect(cut?.proof.injectedEvidence).toMatch(/[1-9]\d* connections held, 0 bytes came through/);
    for (const fault of [cut, dark])
      expect(fault?.proof).toMatchObject({ injected: 'confirmed', healed: 'confirmed' });
    expect(record.resources.map(({ site }) => site)).toEqual(
      expect.arrayContaining(['node-1', 'node-2', 'node-3', 'producer-1', 'consumer-2']),
    );
    for (const { cpuSeconds, memoryBytesMax, network } of record.resources) {
      expect(cpuSeconds).toBeGreaterThan(0);
      expect(memoryBytesMax).toBeGreaterThan(10 * 1024 ** 2);
      expect(network?.receivedBytes).toBeGreaterThan(10_000);
    }
    expect(await heldOf(record.id)).toEqual(nothing);
    expect(imagesMountedBelow(folder)).toEqual([]);
    expect(loopsBelow(folder)).toEqual([]);
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
    const scenario = writeScenario([
      { name: 'killed', duration: '14s', faults: [{ fault: 'kill', target: 'leader', at: '1s', for: '1s' }] },
    ]);
    const child = spawn(process.execPath, [bin, 'run', scenario, '--cluster', 'docker', '--seed', '3'], {
      cwd: folder,
      env: { ...env, DOCKER_HOST: `tcp://127.0.0.1:${port}` },
      stdio: 'ignore',
    });
    started.push(child);
    expect(await new Promise((done) => child.once('exit', done))).toBe(0);
    const record = await readRecord(join(output, 'latest', 'record.json'));
    expect(record.accounting).toMatchObject({ lost: 0 });
    expect(record.cluster.note).toContain('data in volumes of the engine');
    expect(await heldOf(record.id)).toEqual(nothing);
    through.close();
  });

  /** A run whose leader is paused. */
  async function underWay(): Promise<{ harness: ChildProcess; state: SupervisorState; said: () => string }> {
    const scenario = writeScenario([
      { name: 'paused', duration: '60s', faults: [{ fault: 'pause', target: 'leader', at: '1s', for: '50s' }] },
    ]);
    const harness = spawn(process.execPath, [bin, 'run', scenario, '--cluster', 'docker', '--seed', '7'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(harness);
    let said = '';
    await new Promise<void>((done, failed) => {
      const hear = (text: Buffer): void => {
        said += text.toString();
        if (/pause node \d: probed/.test(said)) done();
      };
      harness.stdout.on('data', hear);
      harness.stderr.on('data', hear);
      harness.once('exit', () => failed(new Error(said)));
    });
    const state = stateOfRun();
    const held = await heldOf(state.run);
    expect(held.containers.toSorted().join(' ')).toBe(
      'consumer-1 consumer-2 node-1 node-2 node-3 producer-1 producer-2',
    );
    expect(held.networks).toHaveLength(2);
    return { harness, state, said: () => said };
  }

  test('is no pass when a container was taken away with the history in it', async () => {
    const scenario = writeScenario([{ name: 'steady', duration: '8s' }]);
    const harness = spawn(process.execPath, [bin, 'run', scenario, '--cluster', 'docker', '--seed', '7'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(harness);
    let said = '';
    harness.stdout.on('data', (text: Buffer) => (said += text.toString()));
    await new Promise<void>((done) => {
      harness.stderr.on('data', (text: Buffer) => {
        if (text.toString().includes('phase steady')) done();
      });
    });
    const ended = new Promise((done) => harness.once('exit', done));
    const container = dockerAt(engineEndpoint()).getContainer(`ackworth-${stateOfRun().run}-producer-1`);
    await container.remove({ force: true, v: true });
    expect(await ended, said).toBe(2);
    expect(said).toMatch(/the history of producer-1 is missing/);
    expect(await heldOf(stateOfRun().run)).toEqual(nothing);
  });

  test('leaves nothing on the engine when the harness is killed, and its histories are kept', async () => {
    const { harness, state } = await underWay();
    harness.kill('SIGKILL');
    await untilNothingIsHeld(state.run);
    expect(workerHistories()).toHaveLength(4);
    expect(await cleanLeftovers(output)).toMatchObject([{ containers: [], networks: [], data: true }]);
    expect(ackworth(['check', 'runs/latest']).stdout).toMatch(/the harness was killed before the run was over/);
  });

  test('leaves nothing on the engine when the supervisor is killed, and says so', async () => {
    const { harness, state, said } = await underWay();
    const ended = new Promise((done) => harness.once('exit', done));
    signalProcess(state.supervisor, 'SIGKILL');
    await untilNothingIsHeld(state.run);
    expect(await ended).toBe(2);
    expect(said()).toMatch(/the supervisor was lost/);
    expect(workerHistories()).toHaveLength(4);
  });

  /** With nobody left to take its containers away. */
  async function killedAltogether(): Promise<string> {
    const { harness, state } = await underWay();
    signalProcess(state.supervisor, 'SIGSTOP');
    harness.kill('SIGKILL');
    signalProcess(state.supervisor, 'SIGKILL');
    await sleep(500);
    expect((await heldOf(state.run)).containers).toHaveLength(7);
    return state.run;
  }

  test('is cleaned up by the next one, which says so, when both are killed', async () => {
    const run = await killedAltogether();
    const next = ackworth(['run', writeScenario([{ name: 'steady', duration: '3s' }]), '--cluster', 'docker']);
    expect(next.stderr).toContain(`${run} was killed and had left 7 containers and 2 networks, which were removed`);
    expect(next.status, next.stdout).toBe(0);
    expect(await heldOf(run)).toEqual(nothing);
  });

  test('is cleaned up by command when both are killed', async () => {
    const run = await killedAltogether();
    const { stdout } = ackworth(['clean']);
    expect(stdout).toMatch(/removed container node-1/);
    expect(stdout).toMatch(/removed network ackworth-.+-cluster/);
    expect(await heldOf(run)).toEqual(nothing);
    expect(workerHistories()).toHaveLength(4);
    expect(await findLeftovers(output)).toEqual([]);
  });
});
