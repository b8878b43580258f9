import { brokerOf } from '../driver/registry.ts';
import { linksNeeded } from '../run/network-sites.ts';
import type { Grid, GridOptions } from './grid.ts';
import type { GridCell } from './grid-cell.ts';
import { planOfCell } from './plan-of-cell.ts';

/** Cells that a broker cannot run, for one reason. */
export interface LeftOut {
  readonly cells: readonly string[];
  /** A sentence. */
  readonly reason: string;
}

/**
 * A scenario's own grid without the cells that their broker cannot run. What somebody named, a mode or
 * a cell, stays, and so does a grid of which nothing would be left: that is for whoever looks whether
 * all of it can be run to refuse.
 */
export function leaveOut(
  grid: Grid,
  named: Pick<GridOptions, 'only'> & {
    readonly axes: Pick<GridOptions['axes'], 'flush' | 'replication'>;
  },
): { readonly grid: Grid; readonly leftOut: readonly LeftOut[] } {
  const { only, axes } = named;
  const modesAreNamed = axes.flush.length + axes.replication.length > 0;
  const ofTheGrid = ({ id, work }: GridCell): boolean =>
    grid.scenario.grid !== undefined &&
    !only.includes(id) &&
    (work.kind === 'worth' || !modesAreNamed);
  const cells: GridCell[] = [];
  const refused = new Map<string, string[]>();
  for (const cell of grid.cells) {
    const plan = planOfCell(grid, cell);
    const reason = brokerOf(cell.mode.target).refuses(plan, linksNeeded(plan));
    if (reason === undefined || !ofTheGrid(cell)) cells.push(cell);
    else refused.set(reason, [...(refused.get(reason) ?? []), cell.id]);
  }
  if (cells.length === 0) return { grid, leftOut: [] };
  const modes = grid.modes.filter((mode) => cells.some((cell) => cell.mode === mode));
  const leftOut = [...refused].map(([reason, ids]) => ({ cells: ids, reason }));
  return { grid: { ...grid, modes, cells }, leftOut };
}

/** "left out: sync-async-price-1000 and 8 others, since NATS acks what a quorum has" */
export function leftOutInWords({ cells: [first = '', ...others], reason }: LeftOut): string {
  const rest = others.length === 0 ? '' : ` and ${others.length} more`;
  return `left out: ${first}${rest}: ${reason}`;
}
