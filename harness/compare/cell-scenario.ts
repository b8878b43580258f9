import { withOverrides } from '../scenario/overrides.ts';
import type { Scenario } from '../scenario/schema.ts';
import type { Vocabulary } from '../scenario/semantics.ts';
import type { Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';
import { scheduleOf } from './schedule.ts';

/** Processes and page cache are warm by then; what a longer one would add is the JIT's last word. */
const priceWarmUpMs = 1000;
/** A rate that is too high leaves a queue behind; it is known to be one by then. */
const overtimeMs = 1000;

/** The scenario that a cell runs: the grid's, in the cell's mode, with its one rate or fault. */
export function scenarioOfCell(
  { scenario, quick, storage }: Pick<Grid, 'scenario' | 'quick' | 'storage'>,
  { id, mode, work }: Pick<GridCell, 'id' | 'mode' | 'work'>,
  vocabulary: Vocabulary,
): Scenario {
  const source = `${scenario.name}, cell ${id}`;
  const { flush, replication, nodes, axes } = mode;
  const { grid, ...base } = scenario;
  const overrides = { flush, replication, nodes };
  const workload = {
    ...base.workload,
    batchSize: axes.batch ?? base.workload.batchSize,
    inFlightMax: axes.inFlight ?? base.workload.inFlightMax,
  };
  if (work.kind === 'price') {
    const duration = ((quick ? grid?.quick : undefined) ?? grid)?.rateDuration;
    const priced: Scenario = {
      ...base,
      workload: { ...workload, overtime: workload.overtime ?? overtimeMs },
      ...(duration === undefined
        ? {}
        : { warmUp: priceWarmUpMs, phases: [{ name: 'price', duration, faults: [] }] }),
    };
    const price = { ...overrides, rate: work.rate, faults: false };
    return withOverrides(priced, price, vocabulary, source);
  }
  const stored = storage === null ? {} : { storage };
  if (work.fault === 'own-faults') {
    return withOverrides({ ...base, workload }, { ...overrides, ...stored }, vocabulary, source);
  }
  const known = vocabulary.faults.map(({ kind }) => kind);
  const { warmUp, phase } = scheduleOf(work.fault, { mode, quick, known });
  // A quick cell ends before a recovery could be believed, and says nothing about it.
  const checks = vocabulary.checks.filter((check) => check !== 'recovery');
  const broken = { ...base, workload, warmUp, phases: [phase], ...(quick ? { checks } : {}) };
  return withOverrides(broken, { ...overrides, ...stored }, vocabulary, source);
}

/**
 * How long the load of each cell lasts, by id. Makes every cell's scenario, so that a choice that
 * cannot be run throws its HarnessError before anything is.
 */
export function plannedLoadMs(grid: Grid, vocabulary: Vocabulary): Map<string, number> {
  return new Map(
    grid.cells.map((cell) => {
      const { warmUp, phases } = scenarioOfCell(grid, cell, vocabulary);
      return [cell.id, phases.reduce((sum, { duration }) => sum + duration, warmUp)];
    }),
  );
}
