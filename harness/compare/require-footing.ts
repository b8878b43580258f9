import { brokerOf } from '../driver/registry.ts';
import { HarnessError } from '../errors.ts';
import { findFooting } from '../run/footing.ts';
import { linksNeeded } from '../run/network-sites.ts';
import { refusalOf } from '../run/refusal.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { vocabulary } from '../vocabulary.ts';
import type { Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';
import { planOfCell } from './plan-of-cell.ts';

interface PlannedCell {
  readonly cell: GridCell;
  readonly plan: Plan;
}

/**
 * Looks, before the first cell is run, whether all of them can be: that each broker, on each
 * cluster, for each kind of work, has what a run stands on, and that no cell is refused. Rejects
 * with a HarnessError in one sentence.
 */
export async function requireFooting(
  grid: Grid,
  options: {
    /** Where the comparison's folder goes. */
    readonly directory: string;
    readonly onBuild: (what: string) => void;
  },
): Promise<void> {
  const { directory, onBuild } = options;
  const planned = grid.cells.map((cell) => ({ cell, plan: planOfCell(grid, cell) }));
  for (const { cell, plan } of oneOfEach(planned)) {
    const { target, cluster } = cell.mode;
    await findFooting(plan, { target, cluster, outputDirectory: directory, onBuild });
  }
  for (const { cell, plan } of planned) {
    const refusal = refusalOf(brokerOf(cell.mode.target), plan, vocabulary());
    if (refusal !== undefined) throw new HarnessError('usage', `cell ${cell.id}: ${refusal}`);
  }
}

function oneOfEach(planned: readonly PlannedCell[]): PlannedCell[] {
  const kinds = new Map<string, PlannedCell>();
  for (const one of planned) {
    const { mode, work } = one.cell;
    const fault = work.kind === 'price' ? 'none' : work.fault;
    kinds.set([mode.target, mode.cluster, fault, linksNeeded(one.plan) ?? ''].join(), one);
  }
  return [...kinds.values()];
}
