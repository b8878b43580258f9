import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { imagesMountedBelow, releaseBelow } from '../file-system/loop-mount.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { ownerOfTrial } from '../file-system/trial.ts';
import { clockDomain, sameKernel } from '../measure/clock.ts';
import {
  cellsDirectoryName,
  dataDirectoryName,
  factsFileName,
  type RunFacts,
} from '../run/run-facts.ts';
import {
  isAlive,
  signalProcess,
  whereaboutsOf,
  type ProcessIdentity,
} from '../supervisor/process-table.ts';
import { stateFileName, type SupervisorState } from '../supervisor/protocol.ts';

/** What a run had left behind, and what became of it. */
export interface Leftover {
  readonly run: string;
  /** Absolute or relative, as the output directory was given. */
  readonly directory: string;
  /** Of processes that were still alive: "node-1 (process 4711)". */
  readonly processes: readonly string[];
  /** Nodes' file systems that are still mounted: "node-1". */
  readonly mounts: readonly string[];
  /** Loop devices that still hold an image of its: "/dev/loop3". */
  readonly loopDevices: readonly string[];
  /** That its Docker Engine holds: "node-1", of networks and volumes "ackworth-...-client". */
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  /** The nodes' data of a run that did not end in good order. */
  readonly data: boolean;
  /** Its harness lives, or may do so where nothing is seen of it: not ours to touch. */
  readonly running: boolean;
  /** Sentences on what could not be taken away. */
  readonly problems: readonly string[];
}

type HeldByEngine = Pick<Leftover, 'containers' | 'networks' | 'volumes' | 'problems'>;

const endMsMax = 5_000;
const outOfSight =
  'its processes were started in another container, and are not seen from here: run `ackworth clean` there, or as root on the machine itself';

/**
 * What runs left in an output directory, also those of the cells of a comparison, without touching
 * it;
 * those in good order are left out.
 */
export async function findLeftovers(output: string): Promise<Leftover[]> {
  const found = await Promise.all(
    runFoldersIn(output).map(async (name) => (await leftoverOf(output, name)) ?? []),
  );
  return found.flat();
}

function runFoldersIn(output: string): string[] {
  return foldersIn(output).flatMap((name) => [
    name,
    ...foldersIn(join(output, name, cellsDirectoryName)).map((cell) =>
      join(name, cellsDirectoryName, cell),
    ),
  ]);
}

async function leftoverOf(output: string, name: string): Promise<Leftover | undefined> {
  const directory = join(output, name);
  const kernels = {
    mounts: imagesMountedBelow(directory).map((mounted) => basename(mounted)),
    loopDevices: loopsBelow(directory).map(({ device }) => device),
  };
  const nothing = { containers: [], networks: [], volumes: [], problems: [] };
  const found = { run: name, directory, ...kernels, ...nothing };
  const trier = ownerOfTrial(basename(name));
  if (trier !== undefined) return { ...found, processes: [], data: true, running: isAlive(trier) };
  const facts = readJson<RunFacts>(join(directory, factsFileName));
  if (!facts) return undefined;
  const state = readState(directory);
  if (facts.endedAt === null && isOutOfSight(facts)) {
    const elsewhere = { ...found, mounts: [], loopDevices: [], problems: [outOfSight] };
    return { ...elsewhere, processes: [], data: false, running: true };
  }
  const processes = livingOf(state).map((one) => `${one.name} (process ${one.pid})`);
  const running = facts.endedAt === null && harnessLives(facts, state);
  const data = facts.endedAt === null && existsSync(join(directory, dataDirectoryName));
  const held = await heldByEngine(state, facts);
  const all = [...processes, ...kernels.mounts, ...kernels.loopDevices, ...held.containers];
  const isLeft = [...all, ...held.networks, ...held.volumes, ...held.problems].length > 0;
  return isLeft || data || running ? { ...found, ...held, processes, data, running } : undefined;
}

/** Of a run that used one. One that ended is not asked after where there is no engine any more. */
async function heldByEngine(
  state: SupervisorState | undefined,
  { endedAt }: RunFacts,
): Promise<HeldByEngine> {
  const nothing = { containers: [], networks: [], volumes: [], problems: [] };
  if (state?.engine === undefined) return nothing;
  const { SilentEngine } = await import('../cluster/docker/answer-limit.ts');
  const { dockerAt, saidBy } = await import('../cluster/docker/engine.ts');
  const { findRun } = await import('../cluster/docker/remove-run.ts');
  try {
    return { ...(await findRun(dockerAt(state.engine), state.run)), problems: [] };
  } catch (error) {
    if (endedAt !== null && !(error instanceof SilentEngine)) return nothing;
    const at = state.engine.host;
    return {
      ...nothing,
      problems: [`what the Docker Engine at ${at} holds of it is not known: ${saidBy(error)}`],
    };
  }
}

/**
 * Ends the processes and containers of runs whose harness is gone, unmounts their file systems and
 * removes their data; histories, logs and records stay, and the histories that are still in
 * containers are fetched. A process is known by pid, start time and boot, a mount by its image, a
 * container by its label, so nothing else is ever hit. Runs that still go on are left alone.
 */
export async function cleanLeftovers(output: string): Promise<Leftover[]> {
  const found = await findLeftovers(output);
  return Promise.all(found.map(async (one) => (one.running ? one : cleanOne(one))));
}

/** Of dead runs that still have something on an engine: it takes room there from the next one. */
export async function cleanContainers(output: string): Promise<Leftover[]> {
  const found = await findLeftovers(output);
  const held = found.filter(
    ({ running, containers, networks, volumes }) =>
      !running && containers.length + networks.length + volumes.length > 0,
  );
  return Promise.all(held.map(cleanOne));
}

async function cleanOne(found: Leftover): Promise<Leftover> {
  const { run, directory, data } = found;
  const state = readState(directory);
  const living = livingOf(state);
  for (const identity of living) signalProcess(identity, 'SIGKILL');
  for (let waitedMs = 0; living.some(isAlive) && waitedMs < endMsMax; waitedMs += 20)
    await sleep(20);
  const engine = await releaseFromEngine(found, state);
  const problems = [...engine.problems, ...(await releaseBelow(directory))];
  const done = { ...found, ...engine, problems };
  // What cannot be unmounted is not to be emptied through its mount either.
  if (imagesMountedBelow(directory).length > 0) return done;
  if (ownerOfTrial(basename(run)) !== undefined)
    rmSync(directory, { recursive: true, force: true });
  else if (data) rmSync(join(directory, dataDirectoryName), { recursive: true, force: true });
  return done;
}

/** Resolves with what was removed, and with what could not be. */
async function releaseFromEngine(
  { containers, networks, volumes, problems }: Leftover,
  state: SupervisorState | undefined,
): Promise<HeldByEngine> {
  const held = { containers, networks, volumes };
  if (state?.engine === undefined || containers.length + networks.length + volumes.length === 0)
    return { ...held, problems };
  const { dockerAt } = await import('../cluster/docker/engine.ts');
  const { findRun, removeRun } = await import('../cluster/docker/remove-run.ts');
  const docker = dockerAt(state.engine);
  const refused = await removeRun(docker, state.run);
  if (refused.length === 0) return { ...held, problems: [] };
  const still = await findRun(docker, state.run).catch(() => held);
  return {
    containers: containers.filter((name) => !still.containers.includes(name)),
    networks: networks.filter((name) => !still.networks.includes(name)),
    volumes: volumes.filter((name) => !still.volumes.includes(name)),
    problems: refused,
  };
}

function foldersIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function livingOf(state: SupervisorState | undefined): (ProcessIdentity & { name: string })[] {
  if (!state || !sameBoot(state)) return [];
  return [{ name: 'supervisor', ...state.supervisor }, ...state.children].flatMap((one) => {
    const seen = whereaboutsOf(one);
    return typeof seen === 'string' ? [] : [{ ...seen, name: one.name }];
  });
}

function lives(identity: ProcessIdentity): boolean {
  return typeof whereaboutsOf(identity) !== 'string';
}

/** It writes the facts before it starts a supervisor; those of earlier versions do not tell. */
function harnessLives(
  { harness, environment }: RunFacts,
  state: SupervisorState | undefined,
): boolean {
  if (harness !== undefined)
    return sameKernel(environment.clockDomain, clockDomain()) && lives(harness);
  return state !== undefined && sameBoot(state) && lives(state.harness);
}

/** Its processes are those of a container that is no part of what can be seen from here. */
function isOutOfSight({ harness, environment }: RunFacts): boolean {
  if (harness === undefined || !sameKernel(environment.clockDomain, clockDomain())) return false;
  return whereaboutsOf(harness) === 'out of sight';
}

function sameBoot(state: SupervisorState): boolean {
  return sameKernel(state.clockDomain, clockDomain());
}

function readState(directory: string): SupervisorState | undefined {
  return readJson<SupervisorState>(join(directory, stateFileName));
}

/** Undefined when there is none, or none that can be read: then there is nothing to go by. */
function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
