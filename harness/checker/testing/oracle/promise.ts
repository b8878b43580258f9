import type { Cut, Told } from './told.ts';

/** What the mode promises after a fault. */
export interface Cell {
  readonly bounded: boolean;
  /** Nothing that was acked earlier than the flush interval and a sync may go. */
  readonly flushed: boolean;
  readonly mayVanish: boolean;
  readonly lasts: boolean;
  /** A cursor may come back ahead of the log. */
  readonly cursorsAhead: boolean;
  /** A group may be given what a replica kept and the log has lost. */
  readonly splitBrain: boolean;
}

/** Undefined when nothing may be lost. */
export function cellOf(told: Told, cut: Cut): Cell | undefined {
  const { nodes, topic } = told.input.plan.scenario;
  const { flush, replication } = topic;
  const power = cut.kind === 'power-cut';
  const all = cut.victims.length === nodes;
  const forgets = power && flush !== 'sync';
  const lasts = cut.kind === 'cut';
  const outlives = told.input.plan.target === 'nats' && replication === 'quorum';
  const more = { lasts, cursorsAhead: outlives, splitBrain: outlives };
  if (told.input.plan.target === 'nats') {
    if (!forgets || replication === 'async') return undefined;
    const flushed = flush === 'async' && replication === 'none';
    return { bounded: false, flushed, mayVanish: true, ...more };
  }
  if (replication === 'async') {
    const bounded = !(power && all && flush === 'sync');
    return { bounded, flushed: false, mayVanish: forgets, ...more };
  }
  if (!forgets) return undefined;
  const bounded = replication === 'none' || all;
  return { bounded, flushed: bounded && flush === 'async', mayVanish: true, ...more };
}

export function nodeCuts(told: Told): Cut[] {
  return told.cuts.filter(({ aimedAt }) => aimedAt === 'node');
}

/** Those that may cost something, with what. */
export function lossyCuts(told: Told): { cut: Cut; cell: Cell }[] {
  return nodeCuts(told).flatMap((cut) => {
    const cell = cellOf(told, cut);
    return cell === undefined ? [] : [{ cut, cell }];
  });
}

export function mayVanish(told: Told): boolean {
  return lossyCuts(told).some(({ cell }) => cell.mayVanish);
}
