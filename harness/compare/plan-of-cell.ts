import { makePlan } from '../scenario/plan.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { vocabulary } from '../vocabulary.ts';
import { scenarioOfCell } from './cell-scenario.ts';
import type { Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';

/** What the run of this cell is to be. */
export function planOfCell(grid: Grid, cell: GridCell): Plan {
  const words = vocabulary();
  const { target, cluster } = cell.mode;
  const scenario = scenarioOfCell(grid, cell, words);
  return makePlan(scenario, { seed: grid.seed, target, cluster, vocabulary: words });
}
