import { makeGrid, type Grid } from '../../../harness/compare/grid.ts';
import { parseScenario } from '../../../harness/scenario/parse.ts';
import { vocabulary } from '../../../harness/vocabulary.ts';
import { durability } from '../../../scenarios/durability.ts';

/** Where the nodes keep their data; a fault that ends or cuts off processes needs no more than a folder. */
export type CellForm = 'plain' | 'emulated' | 'ext4' | 'xfs';

/** One seeded run of one cell of the promise table. */
export interface CellJob {
  /** As `ackworth compare durability` names it: "sync-quorum-power-cut-all". */
  readonly cell: string;
  readonly form: CellForm;
  readonly seed: number;
}

/** Of the file systems that this machine can mount, every third seed takes the last one. */
const lastEvery = 3;

/**
 * Every cell of the promise table for each seed: the modes of `durability` times the faults of the
 * table. Power is cut in the emulated form and in the real one, where there is any.
 */
export function cellJobs(options: {
  readonly from: number;
  readonly seeds: number;
  /** File systems that this machine can mount. */
  readonly real: readonly ('ext4' | 'xfs')[];
  /** Ids of the only cells that are wanted; empty = all. */
  readonly only: readonly string[];
}): CellJob[] {
  const { from, seeds, real, only } = options;
  const { cells } = gridOf({ seed: from, form: 'plain', only });
  const worths = cells.filter(({ work }) => work.kind === 'worth');
  const jobs: CellJob[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    const mounted = seed % lastEvery === 0 ? real.at(-1) : real[0];
    const forms: CellForm[] = ['emulated', ...(mounted === undefined ? [] : [mounted])];
    for (const { id, work } of worths) {
      const powerGoes = work.kind === 'worth' && work.fault.startsWith('power-cut');
      for (const form of powerGoes ? forms : (['plain'] as const))
        jobs.push({ cell: id, form, seed });
    }
  }
  return jobs;
}

/**
 * The whole table with the schedules of a quick comparison: they are the shortest that still let
 * acks flow, break, elect and drain.
 */
export function gridOf(options: {
  readonly seed: number;
  readonly form: CellForm;
  readonly only: readonly string[];
}): Grid {
  const { seed, form, only } = options;
  const words = vocabulary();
  const none = {
    targets: [],
    clusters: [],
    flush: [],
    replication: [],
    batch: [],
    inFlight: [],
    rates: [],
  };
  const grid = makeGrid(parseScenario(durability, durability.name, words), {
    seed,
    repeats: 1,
    quick: false,
    storage: form === 'plain' ? null : form,
    axes: none,
    faults: words.faults.map(({ kind }) => kind),
    only,
  });
  return { ...grid, quick: true };
}
