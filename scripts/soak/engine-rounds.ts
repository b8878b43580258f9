import { rmSync } from 'node:fs';
import { engineEndpoint } from '../../harness/cluster/docker/endpoint.ts';
import { dockerAt } from '../../harness/cluster/docker/engine.ts';
import { findRun } from '../../harness/cluster/docker/remove-run.ts';
import { imagesMountedBelow } from '../../harness/file-system/loop-mount.ts';
import { loopsBelow } from '../../harness/file-system/mount-table.ts';
import { runScenario } from '../../harness/run/run.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';
import { roundsOf, type Rounds } from './rounds.ts';

interface EngineFault {
  readonly fault: string;
  /** The leader where left out. */
  readonly target?: string;
  readonly with?: object;
  /** Its file systems are real: the emulation may stand in elsewhere. */
  readonly storage?: 'ext4';
  /** From the request to the effect at most, where that is promised. */
  readonly effectMsMax?: number;
  /** Where its proofs take longer than others. */
  readonly roundMs?: number;
}

/** What a Docker Engine, or the kernel beneath it, does to containers, and how it is asked for. */
const engineFaults = {
  pause: { fault: 'pause', effectMsMax: 200 },
  kill: { fault: 'kill', effectMsMax: 500 },
  stop: { fault: 'stop' },
  restart: { fault: 'restart' },
  disconnect: { fault: 'disconnect' },
  // An engine before version 25 counts once a second, and each proof needs two counts or three.
  'cpu-limit': { fault: 'cpu-limit', with: { cpus: 0.05 }, roundMs: 9_000 },
  // Less than the program of a node needs by itself.
  'memory-limit': { fault: 'memory-limit', with: { bytes: '12MiB' } },
  'kill of a consumer': { fault: 'kill', target: 'consumer', effectMsMax: 500 },
  'kill of a producer': { fault: 'kill', target: 'producer', effectMsMax: 500 },
  cut: { fault: 'cut', effectMsMax: 500 },
  'one-way cut': { fault: 'cut', with: { direction: 'in' }, effectMsMax: 500 },
  'partial cut': { fault: 'cut', target: 'node-1', with: { peers: ['node-2'] }, effectMsMax: 500 },
  delay: { fault: 'delay', with: { delayMs: 50 } },
  'disk-full': { fault: 'disk-full', storage: 'ext4' },
  'power-cut': { fault: 'power-cut', storage: 'ext4' },
} as const satisfies Readonly<Record<string, EngineFault>>;

export type EngineFaultName = keyof typeof engineFaults;
export const engineFaultNames = Object.keys(engineFaults) as EngineFaultName[];

/** Those that need neither other networks nor other storage, so that one run can have them all. */
export const plainFaultNames = engineFaultNames.filter(
  (name) => !['cut', 'delay', 'disk-full', 'power-cut'].includes(engineFaults[name].fault),
);

/** One fault, time after time in one run. */
export interface EngineRounds extends Rounds {
  readonly kind: EngineFaultName;
}

/** A run of several of them. */
export interface EngineRun {
  readonly acked: number;
  readonly lost: number;
  readonly problems: readonly string[];
  readonly rounds: readonly EngineRounds[];
  /** Containers, networks and volumes that the engine still has of it; mounts and loop devices. */
  readonly left: readonly string[];
}

/** From one fault to the next: its leader is elected anew, and has caught up. */
const roundMs = 6_000;
const lastsMs = 1_500;
const beginMs = 1_000;

/** Each of these faults so many times in a row, in turns, on whoever leads then, under load. */
export async function engineRounds(options: {
  readonly kinds: readonly EngineFaultName[];
  readonly rounds: number;
  readonly seed: number;
  readonly output: string;
}): Promise<EngineRun> {
  const { kinds, rounds, seed, output } = options;
  const { record, directory } = await runScenario({
    scenario: parseScenario(scenarioOf(kinds, rounds), 'rounds', vocabulary()),
    seed,
    target: 'reference',
    cluster: 'docker',
    outputDirectory: output,
    keepData: false,
    command: `npm run soak -- docker --rounds ${rounds}`,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const { containers, networks, volumes } = await findRun(dockerAt(engineEndpoint()), record.id);
  const loops = loopsBelow(directory).map(({ device }) => device);
  const mounted = imagesMountedBelow(directory);
  const passed = record.verdict === 'pass';
  if (passed && mounted.length === 0) rmSync(directory, { recursive: true, force: true });
  return {
    acked: record.accounting.acked,
    lost: record.accounting.lost,
    problems: passed ? [] : record.reasons,
    rounds: kinds.map((kind) => {
      const ids = turnsOf(kinds, rounds).flatMap((turn, id) => (turn === kind ? [id] : []));
      const { effectMsMax = Infinity }: EngineFault = engineFaults[kind];
      return { kind, ...roundsOf(record.faults, { ids, effectMsMax }) };
    }),
    left: [...containers, ...networks, ...volumes, ...mounted, ...loops],
  };
}

function turnsOf(kinds: readonly EngineFaultName[], rounds: number): EngineFaultName[] {
  return Array.from({ length: rounds }, () => kinds).flat();
}

function scenarioOf(kinds: readonly EngineFaultName[], rounds: number): object {
  const turns = turnsOf(kinds, rounds);
  const lengths = turns.map((kind) => (engineFaults[kind] as EngineFault).roundMs ?? roundMs);
  const beginOf = (turn: number): number =>
    lengths.slice(0, turn).reduce((sum, length) => sum + length, beginMs);
  const real = kinds.some((kind) => 'storage' in engineFaults[kind]);
  const ms = (value: number): string => `${value}ms`;
  return {
    name: 'rounds',
    question: 'Does each fault of the engine act and heal, time after time?',
    workload: { rate: 500, producers: 1, consumers: 1 },
    ...(real ? { storage: { form: 'ext4' } } : {}),
    // How soon clients are served again is not asked: it would take a longer calm after each.
    checks: ['lost', 'duplicate', 'order', 'corrupted', 'replica-divergence'],
    phases: [
      {
        name: 'rounds',
        duration: ms(beginOf(turns.length)),
        faults: turns.map((kind, turn) => {
          const { fault, target = 'leader', with: options = {} }: EngineFault = engineFaults[kind];
          return {
            fault,
            target,
            at: ms(beginOf(turn)),
            ...(fault === 'restart' ? {} : { for: ms(lastsMs) }),
            with: options,
          };
        }),
      },
    ],
  };
}
