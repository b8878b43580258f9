import type { LossPlace } from './survivors.ts';
import type { Suspect } from './suspects.ts';

/** An acked message that is lost. */
export interface Missing {
  readonly id: number;
  /** As the ack named it; -1 when it named none. */
  readonly partition: number;
  readonly ackedAt: number;
  /** It was in somebody's hands from here on: when it was sent, or a second before its ack. */
  readonly since: number;
  /** A consumer had been given it. */
  readonly vanished: boolean;
}

/**
 * `allowed`: the fault's promise covers it; `beyond`: it would, but for the promise's bound;
 * `forbidden`: no fault's promise covers it, whatever its place says.
 */
export interface Legality {
  readonly legality: 'allowed' | 'beyond' | 'forbidden';
  /** Compared with what that suspect left. */
  readonly place: LossPlace;
}

export type Attribution = Legality & {
  /** Index of the suspect; -1 when the message was sent after all of them. */
  readonly suspect: number;
};

interface Options {
  /** In the order in which they took effect. */
  readonly suspects: readonly Suspect[];
  readonly missing: readonly Missing[];
  /** Compared with what was acked before that suspect took effect and survived; -1 = with all. */
  readonly placeOf: (id: number, suspect: number) => LossPlace;
}

/**
 * Which fault took a message, and whether it was allowed to.
 *
 * Suspect is every fault that took effect once the message was sent, and, where its promise says
 * that it lasts, one that was active then. A suspect *explains* the loss when its own promise allows
 * a loss, the message lies in the tail of what was there when it hit (of which all is the longest),
 * and it was not delivered where delivered messages are safe. Promises do not add up: with faults
 * that overlap, each loss needs one fault that explains it by itself, so that the weakest promise
 * counts only for what was sent before its fault took effect (or, if it lasts, before it was healed).
 *
 * The first suspect within whose bounds the loss lies gets it. Bounds of a window: acked no earlier
 * than the flush allows; and, of what was acked before the exposure was measured, in each partition
 * the latest as many as were exposed in it. What exceeds the bounds of one suspect may still be
 * explained by the next; else it is `beyond` the first that explains it. What nobody explains is
 * blamed on the first suspect and is forbidden.
 */
export function attribute({ suspects, missing, placeOf }: Options): Attribution[] {
  const results: Attribution[] = Array.from({ length: missing.length });
  const beyond: (Attribution | undefined)[] = Array.from({ length: missing.length });
  /** Per suspect, those it explains and no earlier one did. */
  const taken: number[][] = suspects.map(() => []);
  const found = (legality: Legality['legality'], index: number, suspect: number): Attribution => {
    return { legality, suspect, place: placeOf(missing[index]!.id, suspect) };
  };
  const pass = (index: number, from: number): void => {
    const loss = missing[index]!;
    for (let at = from; at < suspects.length; at++) {
      const suspect = suspects[at]!;
      if (suspect.until < loss.since || !covers(suspect, loss)) continue;
      if (!isTailOf(suspect, placeOf(loss.id, at))) continue;
      if (loss.ackedAt >= suspect.flushedBefore) return void taken[at]!.push(index);
      beyond[index] ??= found('beyond', index, at);
    }
    results[index] = beyond[index] ?? blame(index);
  };
  const blame = (index: number): Attribution => {
    const { since } = missing[index]!;
    const first = suspects.findIndex(({ until }) => until >= since);
    return found('forbidden', index, first);
  };
  missing.forEach((_, index) => pass(index, 0));
  suspects.forEach((suspect, at) => {
    const excess = new Set(excessOf(suspect, taken[at]!, missing));
    for (const index of taken[at]!) {
      if (excess.has(index)) {
        beyond[index] ??= found('beyond', index, at);
        pass(index, at + 1);
      } else results[index] = found('allowed', index, at);
    }
  });
  return results;
}

function isTailOf({ promise }: Suspect, place: LossPlace): boolean {
  return place === 'tail' || (place === 'all' && promise.loss !== 'none' && promise.mayTakeAll);
}

function covers({ promise }: Suspect, { vanished }: Missing): boolean {
  return promise.loss !== 'none' && !(vanished && promise.deliveredIsSafe);
}

/**
 * The oldest in each partition, beyond as many as were exposed in it when that was measured. What
 * was acked without a position may be of any, and share what none of the others used.
 */
function excessOf(
  { promise, exposure }: Suspect,
  taken: readonly number[],
  missing: readonly Missing[],
): readonly number[] {
  if (promise.loss !== 'window' || exposure === undefined) return [];
  const { byPartition, measuredAtNanos } = exposure;
  const counted = new Map<number, number[]>();
  for (const index of taken) {
    const { partition, ackedAt } = missing[index]!;
    if (ackedAt >= measuredAtNanos) continue;
    if (!counted.has(partition)) counted.set(partition, []);
    counted.get(partition)!.push(index);
  }
  let unused = 0;
  for (const [partition, messages] of byPartition.entries())
    unused += Math.max(0, messages - (counted.get(partition)?.length ?? 0));
  return [...counted].flatMap(([partition, indexes]) => {
    const room = partition < 0 ? unused : (byPartition[partition] ?? 0);
    indexes.sort((a, b) => missing[a]!.ackedAt - missing[b]!.ackedAt);
    return indexes.slice(0, Math.max(0, indexes.length - room));
  });
}
