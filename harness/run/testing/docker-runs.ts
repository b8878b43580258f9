import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess, type SpawnSyncReturns } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanLeftovers } from '../../clean/clean.ts';
import { engineEndpoint } from '../../cluster/docker/endpoint.ts';
import { dockerAt } from '../../cluster/docker/engine.ts';
import { findRun, type RunOnEngine } from '../../cluster/docker/remove-run.ts';
import { imagesMountedBelow } from '../../file-system/loop-mount.ts';
import { loopsBelow } from '../../file-system/mount-table.ts';
import { readRecord } from '../../record/read.ts';
import type { RunRecord } from '../../record/record.ts';
import type { SupervisorState } from '../../supervisor/protocol.ts';

const bin = resolve('bin/ackworth.js');

/** A run that goes on, with what it has said so far. */
export interface RunUnderWay {
  readonly harness: ChildProcess;
  readonly said: () => string;
  /** Resolves with the exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
}

/** Runs of the command on a real engine, as a user starts them, in a folder of their own. */
export class DockerRuns {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'ackworth-docker-')));
  readonly output = join(this.folder, 'runs');
  readonly #host: string | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #command: readonly string[];
  readonly #started: ChildProcess[] = [];

  /** `host`: another engine than the usual one; `within`: what goes before commands. */
  constructor(engine: { readonly host?: string; readonly within?: readonly string[] } = {}) {
    const { host, within = [] } = engine;
    this.#host = host;
    // Without colours, since tests read words.
    this.#env = { ...process.env, NO_COLOR: '1', ...(host && { DOCKER_HOST: host }) };
    this.#command = [...within, process.execPath, bin];
  }

  /** A scenario with little load, as what the command is to run. */
  writeScenario(phases: readonly object[], changes: object = {}): string {
    const scenario = {
      name: 'mine',
      question: 'Does it hold in containers?',
      warmUp: '1s',
      workload: { rate: 300, producers: 2, consumers: 2 },
      phases,
      ...changes,
    };
    writeFileSync(join(this.folder, 'mine.scenario.json'), JSON.stringify(scenario));
    return './mine.scenario.json';
  }

  /** The command, to its end. */
  ackworth(args: readonly string[]): SpawnSyncReturns<string> {
    const [command = '', ...before] = this.#command;
    const options = { cwd: this.folder, encoding: 'utf8', env: this.#env } as const;
    return spawnSync(command, [...before, ...args], options);
  }

  /** A run of this scenario on Docker, as long as nobody ends it. `more`: options of the command. */
  start(scenario: string, ...more: readonly string[]): RunUnderWay {
    const [command = '', ...before] = this.#command;
    const args = [...before, 'run', scenario, '--cluster', 'docker', '--seed', '7', ...more];
    const harness = spawn(command, args, {
      cwd: this.folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#started.push(harness);
    let said = '';
    harness.stdout.on('data', (text: Buffer) => (said += text.toString()));
    harness.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const ended = new Promise<number | null>((done) => harness.once('exit', done));
    return { harness, said: () => said, ended };
  }

  /** A run of this scenario to its end, which is a pass, with each fault proven, and leaves nothing. */
  async passing(scenario: string, ...more: readonly string[]): Promise<RunRecord> {
    await this.#succeeds([scenario, ...more]);
    return this.#proven(await this.latest());
  }

  /** As `passing`, of several that ship, by one command: their records in this order. */
  async passingAll(names: readonly string[], ...more: readonly string[]): Promise<RunRecord[]> {
    await this.#succeeds([...names, ...more]);
    const records: RunRecord[] = [];
    for (const name of names)
      records.push(await this.#proven(await readRecord(join(this.of(name), 'record.json'))));
    return records;
  }

  async #succeeds([scenario = '', ...more]: readonly string[]): Promise<void> {
    const run = this.start(scenario, ...more);
    assert.equal(await run.ended, 0, run.said());
  }

  async #proven(record: RunRecord): Promise<RunRecord> {
    for (const { kind, proof } of record.faults)
      assert.deepEqual([kind, proof.injected, proof.healed], [kind, 'confirmed', 'confirmed']);
    assert.deepEqual(await heldOf(record.id, this.#host), nothingHeld);
    assert.deepEqual(imagesMountedBelow(this.folder), []);
    assert.deepEqual(loopsBelow(this.folder), []);
    return record;
  }

  latest(): Promise<RunRecord> {
    return readRecord(join(this.output, 'latest', 'record.json'));
  }

  /** Resolves once it has said all of these; rejects with all that it said when it ends before. */
  async untilSaid({ harness, said }: RunUnderWay, ...words: readonly RegExp[]): Promise<void> {
    while (!words.every((word) => word.test(said()))) {
      if (harness.exitCode !== null || harness.signalCode !== null) throw new Error(said());
      await sleep(20);
    }
  }

  /** Where the run of this scenario is. */
  of(scenario: string): string {
    const [id, ...others] = readdirSync(this.output).filter((name) =>
      new RegExp(`^\\d+-\\d+-${scenario}-`).test(name),
    );
    if (id === undefined || others.length > 0)
      throw new Error(`not one run of ${scenario}: ${[id, ...others].join(', ')}`);
    return join(this.output, id);
  }

  /** Of the latest run. */
  state(): SupervisorState {
    const file = join(this.output, 'latest', 'supervisor.json');
    return JSON.parse(readFileSync(file, 'utf8')) as SupervisorState;
  }

  /** Histories of the first lives of the latest run's workers. */
  workerHistories(): string[] {
    const names = readdirSync(join(this.output, 'latest', 'history'));
    return names.filter((name) => /^(consumer|producer)-\d\.ackh$/.test(name));
  }

  async close(): Promise<void> {
    for (const child of this.#started) child.kill('SIGKILL');
    if (existsSync(this.output)) await cleanLeftovers(this.output);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const nothingHeld: RunOnEngine = { containers: [], networks: [], volumes: [] };

/** All that the usual engine holds, whoever it is of, also what carries no label. */
export async function heldAltogether(): Promise<readonly string[]> {
  const docker = dockerAt(engineEndpoint());
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  return [
    ...containers.map(({ Names, Id }) => `container ${Names[0] ?? Id}`),
    ...networks.map(({ Name }) => `network ${Name}`),
    ...volumes.map(({ Name }) => `volume ${Name}`),
  ].toSorted();
}

/** What an engine, mostly the usual one, holds of a run. */
export function heldOf(run: string, host?: string): Promise<RunOnEngine> {
  const endpoint = host === undefined ? engineEndpoint() : { host, chosenBy: 'a test' };
  return findRun(dockerAt(endpoint), run);
}
