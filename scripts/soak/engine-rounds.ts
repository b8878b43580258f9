import { rmSync } from 'node:fs';
import { engineEndpoint } from '../../harness/cluster/docker/endpoint.ts';
import { dockerAt } from '../../harness/cluster/docker/engine.ts';
import { findRun } from '../../harness/cluster/docker/remove-run.ts';
import type { RecordedFault } from '../../harness/record/record.ts';
import { runScenario } from '../../harness/run/run.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';

/** The faults that a Docker Engine brings about on a node, and how they are asked for. */
const engineFaults: Readonly<Record<string, object>> = {
  pause: {},
  kill: {},
  stop: {},
  restart: {},
  disconnect: {},
  'cpu-limit': { cpus: 0.05 },
  // Less than the program of a node needs by itself.
  'memory-limit': { bytes: '12MiB' },
};
export const engineFaultKinds: readonly string[] = Object.keys(engineFaults);

/** One kind of fault, time after time in one run. */
export interface EngineRounds {
  readonly kind: string;
  readonly rounds: number;
  /** Both its injection and its healing were confirmed. */
  readonly confirmed: number;
  /** From the request to the effect. */
  readonly effectMsMax: number | null;
  /** What was not confirmed, and why, in words. */
  readonly doubts: readonly string[];
}

/** A run of several of them. */
export interface EngineRun {
  readonly acked: number;
  readonly lost: number;
  readonly problems: readonly string[];
  readonly rounds: readonly EngineRounds[];
  /** What the engine still has of it: containers, networks, volumes. */
  readonly left: readonly string[];
}

/** From one fault to the next: its leader is elected anew, and has caught up. */
const roundMs = 6_000;
const lastsMs = 1_500;
const beginMs = 1_000;

/** Each of these faults so many times in a row, in turns, on whoever leads then, under load. */
export async function engineRounds(options: {
  readonly kinds: readonly string[];
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
    command: `npm run soak -- --clean 0 --cells 0 --defects none --docker ${rounds}`,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const { containers, networks, volumes } = await findRun(dockerAt(engineEndpoint()), record.id);
  const passed = record.verdict === 'pass';
  if (passed) rmSync(directory, { recursive: true, force: true });
  return {
    acked: record.accounting.acked,
    lost: record.accounting.lost,
    problems: passed ? [] : record.reasons,
    rounds: kinds.map((kind) => roundsOf(kind, record.faults)),
    left: [...containers, ...networks, ...volumes],
  };
}

function scenarioOf(kinds: readonly string[], rounds: number): object {
  const turns = Array.from({ length: rounds }, () => kinds).flat();
  const ms = (value: number): string => `${value}ms`;
  return {
    name: 'rounds',
    question: 'Does each fault of the engine act and heal, time after time?',
    workload: { rate: 500, producers: 1, consumers: 1 },
    // How soon clients are served again is not asked: it would take a longer calm after each.
    checks: ['lost', 'duplicate', 'order', 'corrupted', 'replica-divergence'],
    phases: [
      {
        name: 'rounds',
        duration: ms(turns.length * roundMs + beginMs),
        faults: turns.map((kind, turn) => ({
          fault: kind,
          target: 'leader',
          at: ms(turn * roundMs + beginMs),
          ...(kind === 'restart' ? {} : { for: ms(lastsMs) }),
          with: engineFaults[kind],
        })),
      },
    ],
  };
}

function roundsOf(kind: string, all: readonly RecordedFault[]): EngineRounds {
  const mine = all.filter((fault) => fault.kind === kind);
  const effects = mine.flatMap(({ effectiveAtMs, requestedAtMs }) =>
    effectiveAtMs === null ? [] : [effectiveAtMs - requestedAtMs],
  );
  const doubts = mine.flatMap(({ proof }, round) => [
    ...(proof.injected === 'confirmed' ? [] : [`round ${round + 1}: ${proof.injectedEvidence}`]),
    ...(proof.healed === 'confirmed' ? [] : [`round ${round + 1}: ${proof.healedEvidence}`]),
  ]);
  const confirmed = mine.filter(
    ({ proof }) => proof.injected === 'confirmed' && proof.healed === 'confirmed',
  );
  return {
    kind,
    rounds: mine.length,
    confirmed: confirmed.length,
    effectMsMax: effects.length === 0 ? null : Math.max(...effects),
    doubts,
  };
}
