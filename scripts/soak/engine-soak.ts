import { whyNoEngine } from '../../harness/cluster/docker/testing/why-no-engine.ts';
import {
  engineFaultKinds,
  engineRounds,
  type EngineRounds,
  type EngineRun,
} from './engine-rounds.ts';

/** Each fault of a Docker Engine in a run of its own, many times in a row. */
export interface EngineSoak {
  /** Why there are none; null when there are. */
  readonly lacking: string | null;
  readonly kinds: readonly EngineKind[];
}

export interface EngineKind extends EngineRounds, Pick<EngineRun, 'acked' | 'lost' | 'left'> {
  /** Each round was confirmed, nothing was lost, nothing is left. */
  readonly held: boolean;
}

export async function engineSoak(options: {
  /** Of each, from 1. */
  readonly rounds: number;
  readonly seed: number;
  readonly output: string;
}): Promise<EngineSoak> {
  const missing = await whyNoEngine();
  if (missing !== undefined) return { lacking: missing, kinds: [] };
  const kinds: EngineKind[] = [];
  for (const kind of engineFaultKinds) {
    const run = await engineRounds({ ...options, kinds: [kind] });
    const { acked, lost, left } = run;
    const found = run.rounds[0]!;
    const doubts = [...found.doubts, ...run.problems];
    const clean = doubts.length === 0 && lost === 0 && left.length === 0;
    const held = clean && found.confirmed === options.rounds;
    kinds.push({ ...found, doubts, acked, lost, left, held });
    process.stderr.write(`${kind}: ${found.confirmed} of ${options.rounds} rounds confirmed\n`);
  }
  return { lacking: null, kinds };
}
