import { draw } from '../scenario/draw.ts';
import type { GridCell } from './grid-cell.ts';

/**
 * The order in which cells are run: a function of the seed and their ids alone. A machine changes
 * over the minutes of a grid (heat, neighbours, its disk's cache), so each mode gets its cells
 * spread over the whole time: they are shuffled, price and worth mixed in proportion, and every
 * round takes the next one of each mode, the modes in another order each time. All modes are
 * shuffled alike, so that what is to be compared (the same work in two modes) is run in one round.
 */
export function ordered(cells: readonly Omit<GridCell, 'order'>[], seed: number): GridCell[] {
  const places = new Map<string, number>();
  for (const mode of groups(cells, ({ mode: { id } }) => id)) {
    const spread = groups(mode, ({ work }) => work.kind).flatMap((kind) =>
      shuffled(kind, seed).map((cell, index) => ({
        cell,
        place: (index + draw(seed, `place of ${nameOf(cell.work)} r${cell.repeat}`)) / kind.length,
      })),
    );
    spread.sort((a, b) => a.place - b.place);
    spread.forEach(({ cell }, round) => {
      places.set(cell.id, round + draw(seed, `turn of ${cell.mode.id} in round ${round}`));
    });
  }
  return cells
    .toSorted((a, b) => places.get(a.id)! - places.get(b.id)!)
    .map((cell, index) => ({ ...cell, order: index + 1 }));
}

function shuffled<T extends Pick<GridCell, 'work' | 'repeat'>>(
  cells: readonly T[],
  seed: number,
): T[] {
  const key = ({ work, repeat }: T): number => draw(seed, `cell ${nameOf(work)} r${repeat}`);
  return cells.toSorted((a, b) => key(a) - key(b));
}

function nameOf(work: GridCell['work']): string {
  return work.kind === 'price' ? `price ${work.rate}` : work.fault;
}

function groups<T>(all: readonly T[], by: (one: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const one of all) found.set(by(one), [...(found.get(by(one)) ?? []), one]);
  return [...found.values()];
}
