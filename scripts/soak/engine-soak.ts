import { whyNoEngine } from '../../harness/cluster/docker/testing/why-no-engine.ts';
import { HarnessError } from '../../harness/errors.ts';
import {
  engineFaultNames,
  engineRounds,
  type EngineFaultName,
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
  /** Each round was confirmed under load and in time, nothing was lost, nothing is left. */
  readonly held: boolean;
}

export async function engineSoak(options: {
  /** Of each, from 1. */
  readonly rounds: number;
  readonly seed: number;
  /** Default: all. */
  readonly only?: readonly string[];
  readonly output: string;
  /** Takes all that there is so far. */
  readonly onKind?: (soak: EngineSoak) => void;
}): Promise<EngineSoak> {
  const missing = await whyNoEngine();
  if (missing !== undefined) return { lacking: missing, kinds: [] };
  const kinds: EngineKind[] = [];
  const { only } = options;
  for (const kind of engineFaultNames.filter((name) => only?.includes(name) ?? true)) {
    const found = await soakOf(kind, options);
    kinds.push(found);
    process.stderr.write(`${kind}: ${found.confirmed} of ${options.rounds} rounds confirmed\n`);
    options.onKind?.({ lacking: null, kinds });
  }
  return { lacking: null, kinds };
}

/** A run that cannot be made keeps no other from being made. */
async function soakOf(
  kind: EngineFaultName,
  options: { readonly rounds: number; readonly seed: number; readonly output: string },
): Promise<EngineKind> {
  const { rounds } = options;
  try {
    const { problems, ...run } = await engineRounds({ ...options, kinds: [kind] });
    const { acked, lost, left } = run;
    const found = run.rounds[0]!;
    const doubts = [...found.doubts, ...problems];
    const clean = doubts.length === 0 && lost === 0 && left.length === 0;
    const held = clean && found.confirmed === rounds;
    return { ...found, doubts, acked, lost, left, held };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    const nothing = { confirmed: 0, effectMsMax: null, acked: 0, lost: 0, left: [], held: false };
    return { kind, rounds, ...nothing, doubts: [error.message] };
  }
}
