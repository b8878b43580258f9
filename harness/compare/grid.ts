import { HarnessError } from '../errors.ts';
import { counted } from '../record/count.ts';
import type { SuiteMode, SuiteRecord } from '../record/suite.ts';
import { didYouMean } from '../scenario/nearest.ts';
import type { Scenario } from '../scenario/schema.ts';
import type { GridCell, Work } from './grid-cell.ts';
import { modesOf, type Axes } from './modes.ts';
import { ordered } from './order.ts';
import { canStrike } from './schedule.ts';

/** Of `grid.json`; 2 since modes say on what cluster they are run. */
export const gridVersion = 2;

/** A grid with every choice made: `grid.json`, from which an interrupted one goes on. */
export interface Grid {
  readonly version: typeof gridVersion;
  readonly scenario: Scenario;
  readonly seed: number;
  readonly quick: boolean;
  readonly repeats: number;
  /** Where nodes keep their data while something breaks; null = the scenario's choice. */
  readonly storage: Scenario['storage']['form'] | null;
  readonly modes: SuiteRecord['modes'];
  /** By mode, prices before worths; `order` says when each is run. */
  readonly cells: readonly GridCell[];
}

export interface GridOptions {
  readonly seed: number;
  readonly repeats: number;
  readonly quick: boolean;
  readonly storage: Grid['storage'];
  readonly axes: Axes;
  /** Faults that can be named. */
  readonly faults: readonly string[];
  /** Ids of the only cells that are wanted; empty = all. */
  readonly only: readonly string[];
}

/** Expands a scenario to the cells of its comparison. Throws a HarnessError `usage`. */
export function makeGrid(scenario: Scenario, options: GridOptions): Grid {
  const { seed, repeats, quick, axes, only } = options;
  const modes = modesOf(scenario, axes);
  const works = worksOf(scenario, options);
  const cells = modes.flatMap((mode) =>
    works
      .filter((work) => isPossible(work, mode))
      .flatMap((work) =>
        Array.from({ length: repeats }, (_, index) => ({
          id: idOf(mode, work, repeats > 1 ? index + 1 : undefined, modes),
          mode,
          work,
          repeat: index + 1,
        })),
      ),
  );
  const places = new Map(ordered(cells, seed).map(({ id, order }) => [id, order]));
  const all = cells.map((cell) => ({ ...cell, order: places.get(cell.id)! }));
  const ids = all.map(({ id }) => id);
  requireCells(only, ids);
  const chosen = only.length === 0 ? all : all.filter(({ id }) => only.includes(id));
  return {
    version: gridVersion,
    scenario,
    seed,
    quick,
    repeats,
    storage: options.storage,
    modes: modes.filter((mode) => chosen.some((cell) => cell.mode === mode)),
    cells: chosen,
  };
}

/** "durability, seed 7, 68 cells in 8 modes" */
export function gridInWords({ scenario, seed, cells, modes }: Grid): string {
  const size = `${counted(cells.length, 'cell')} in ${counted(modes.length, 'mode')}`;
  return `${scenario.name}, seed ${seed}, ${size}`;
}

/** Throws when a cell that was asked for is none of these. */
export function requireCells(wanted: readonly string[], ids: readonly string[]): void {
  const unknown = wanted.find((id) => !ids.includes(id));
  if (unknown === undefined) return;
  const hint = didYouMean(unknown, ids) || `; the first is "${ids[0] ?? ''}"`;
  throw new HarnessError('usage', `--only: there is no cell "${unknown}" in this grid${hint}`);
}

function worksOf(scenario: Scenario, { quick, axes, faults: known }: GridOptions): Work[] {
  const price = (rate: number): Work => ({ kind: 'price', rate });
  const { grid, phases, workload } = scenario;
  if (grid === undefined) {
    if (quick) {
      throw new HarnessError(
        'usage',
        `--quick: scenario ${scenario.name} has no grid of which something could be left out`,
      );
    }
    if (phases.some(({ faults }) => faults.length > 0)) {
      return [...axes.rates.map(price), { kind: 'worth', fault: 'own-faults' }];
    }
    return (axes.rates.length > 0 ? axes.rates : [workload.rate]).map(price);
  }
  const { rates, faults } = (quick ? grid.quick : undefined) ?? grid;
  return [
    ...(axes.rates.length > 0 ? axes.rates : rates).map(price),
    ...faults
      .filter((fault) => canStrike(fault, known))
      .map((fault): Work => ({ kind: 'worth', fault })),
  ];
}

/** One node has nobody to be cut off from. */
function isPossible(work: Work, { nodes }: SuiteMode): boolean {
  return work.kind === 'price' || work.fault !== 'cut-off-leader' || nodes > 1;
}

/** A name for a folder and a command line: "async-quorum-price-4000". */
function idOf(
  mode: SuiteMode,
  work: Work,
  repeat: number | undefined,
  modes: readonly SuiteMode[],
): string {
  const { target, cluster, flush, replication, axes } = mode;
  const differ = (of: (mode: SuiteMode) => unknown): boolean => new Set(modes.map(of)).size > 1;
  return [
    ...(differ((other) => other.target) ? [target] : []),
    ...(differ((other) => other.cluster) ? [cluster] : []),
    flush,
    replication,
    ...(differ((other) => other.axes.batch) ? [`b${axes.batch}`] : []),
    ...(differ((other) => other.axes.inFlight) ? [`f${axes.inFlight}`] : []),
    work.kind === 'price' ? `price-${work.rate}` : work.fault,
    ...(repeat === undefined ? [] : [`r${repeat}`]),
  ].join('-');
}
