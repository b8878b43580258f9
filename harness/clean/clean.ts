import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { imagesMountedBelow, releaseBelow } from '../file-system/loop-mount.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { ownerOfTrial } from '../file-system/trial.ts';
import { clockDomain } from '../measure/clock.ts';
import { cellsDirectoryName, dataDirectoryName, factsFileName, type RunFacts } from '../run/run-facts.ts';
import { isAlive, signalProcess, type ProcessIdentity } from '../supervisor/process-table.ts';
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
  /** The nodes' data of a run that did not end in good order. */
  readonly data: boolean;
  /** Its harness lives: not ours to touch. */
  readonly running: boolean;
  /** Sentences on what could not be taken away. */
  readonly problems: readonly string[];
}

const endMsMax = 5_000;

/**
 * What runs left in an output directory, also those of the cells of a comparison, without touching
 * it; those in good order are left out.
 */
export function findLeftovers(output: string): Leftover[] {
  if (!existsSync(output)) return [];
  const folders = foldersIn(output).flatMap((name) => [
    name,
    ...foldersIn(join(output, name, cellsDirectoryName)).map((cell) =>
      join(name, cellsDirectoryName, cell),
    ),
  ]);
  return folders.flatMap((name) => leftoverOf(output, name) ?? []);
}

function leftoverOf(output: string, name: string): Leftover | undefined {
  const directory = join(output, name);
  const kernels = {
    mounts: imagesMountedBelow(directory).map((mounted) => basename(mounted)),
    loopDevices: loopsBelow(directory).map(({ device }) => device),
  };
  const found = { run: name, directory, ...kernels, problems: [] };
  const trier = ownerOfTrial(basename(name));
  if (trier !== undefined)
    return { ...found, processes: [], data: true, running: isAlive(trier) };
  const facts = readJson<RunFacts>(join(directory, factsFileName));
  if (!facts) return undefined;
  const state = readState(directory);
  const processes = livingOf(state).map((one) => `${one.name} (process ${one.pid})`);
  const running =
    state !== undefined && sameBoot(state) && isAlive(state.harness) && facts.endedAt === null;
  const data = facts.endedAt === null && existsSync(join(directory, dataDirectoryName));
  const held = [...processes, ...kernels.mounts, ...kernels.loopDevices];
  return held.length > 0 || data || running ? { ...found, processes, data, running } : undefined;
}

/**
 * Ends the processes of runs whose harness is gone, unmounts their file systems and removes their
 * data; histories, logs and records stay. A process is known by pid, start time and boot, a mount
 * by its image, so nothing else is ever hit. Runs that still go on are left alone.
 */
export async function cleanLeftovers(output: string): Promise<Leftover[]> {
  return Promise.all(
    findLeftovers(output).map(async (found) => (found.running ? found : cleanOne(found))),
  );
}

async function cleanOne(found: Leftover): Promise<Leftover> {
  const { run, directory, data } = found;
  const living = livingOf(readState(directory));
  for (const identity of living) signalProcess(identity, 'SIGKILL');
  for (let waitedMs = 0; living.some(isAlive) && waitedMs < endMsMax; waitedMs += 20)
    await sleep(20);
  const problems = await releaseBelow(directory);
  // What cannot be unmounted is not to be emptied through its mount either.
  if (imagesMountedBelow(directory).length > 0) return { ...found, problems };
  if (ownerOfTrial(basename(run)) !== undefined) rmSync(directory, { recursive: true, force: true });
  else if (data) rmSync(join(directory, dataDirectoryName), { recursive: true, force: true });
  return { ...found, problems };
}

function foldersIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function livingOf(state: SupervisorState | undefined): (ProcessIdentity & { name: string })[] {
  if (!state || !sameBoot(state)) return [];
  return [{ name: 'supervisor', ...state.supervisor }, ...state.children].filter(isAlive);
}

function sameBoot(state: SupervisorState): boolean {
  return state.clockDomain === clockDomain();
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
