import type { Book } from '../checker/book/book.ts';
import type { Injection } from '../checker/book/fault-timeline.ts';
import type { RunRecord } from '../record/record.ts';
import { stakeOf } from './stake.ts';

type LossBound = RunRecord['lossBounds'][number];

/**
 * What no forbidden loss in k faults supports, by the kind of fault and whom it was aimed at. Faults
 * are the trials and messages are not: one fault takes many messages or none.
 */
export function lossBoundsOf(book: Book): LossBound[] {
  return [...byFault(book.timeline.injections)].flatMap(([fault, injections]) => {
    const confirmed = injections.filter(({ injected }) => injected === 'confirmed');
    const trials = confirmed
      .map((injection) => stakeOf(book, injection))
      .filter(({ exposed }) => exposed);
    if (trials.length === 0) return [];
    const allowed = [...new Set(trials.flatMap((stake) => stake.allowed ?? []))].join('; ');
    const chanceMax = lossBound(trials.length);
    return [{ fault, faults: injections.length, trials: trials.length, chanceMax, allowed }];
  });
}

/** By "kill of leader". */
export function byFault(injections: readonly Injection[]): Map<string, Injection[]> {
  const groups = new Map<string, Injection[]>();
  for (const injection of injections) {
    const name = `${injection.kind} of ${injection.target}`;
    groups.set(name, [...(groups.get(name) ?? []), injection]);
  }
  return groups;
}

/** What k trials without a failure say of its chance, with 95 % confidence: 1 - 0.05^(1/k). */
export function lossBound(trials: number): number {
  return 1 - 0.05 ** (1 / trials);
}
