import type { Book } from './book.ts';
import { effectSpan, type Span } from './effect-span.ts';
import type { Conflict } from './claims.ts';
import { Mark } from './messages.ts';
import { suspectsOf } from './suspects.ts';
import type { Suspect } from './suspects.ts';

/**
 * What a log looks like whose end a fault was allowed to take, and which then grew again: positions
 * are taken a second time; readers are sent back; and where readers could see what was not safe,
 * what they were given is gone, or comes again elsewhere when its producer never learned its
 * outcome and retried. All of it is legal only after a fault whose promise says so.
 */
export interface LegalLoss {
  /** When the first such fault took effect; Infinity when there was none. */
  readonly since: number;
  /** The same in times of the workers, where those compare only within a bound. */
  readonly within: Span;
  /** Also of what had been delivered. */
  readonly mayVanish: boolean;
}

export function legalLossOf({ timeline, circumstances, clockBoundNanos }: Book): LegalLoss {
  const lossy = suspectsOf(timeline, circumstances).filter(
    ({ promise }) => promise.loss !== 'none',
  );
  const spans = lossy.map(({ injection, effectiveAt }) =>
    effectSpan({ ...injection, effectiveAt }, clockBoundNanos),
  );
  return {
    within: {
      earliest: Math.min(Infinity, ...spans.map(({ earliest }) => earliest)),
      latest: Math.min(Infinity, ...spans.map(({ latest }) => latest)),
    },
    since: lossy[0]?.effectiveAt ?? Infinity,
    mayVanish: lossy.some(canVanish),
  };
}

function canVanish({ promise }: Suspect): boolean {
  return promise.loss !== 'none' && !promise.deliveredIsSafe;
}

/** All claimants of a position but the one in the log are gone from it, as a legal loss explains. */
export function isSuperseded(
  { messages }: Book,
  { since, mayVanish }: LegalLoss,
  { claimants }: Conflict,
): boolean {
  if (since === Infinity) return false;
  const gone = claimants.filter(({ inLog }) => !inLog);
  return (
    claimants.length - gone.length <= 1 &&
    gone.every(({ id, groups, acked }) => {
      const isElsewhere = (messages.marks(id) & Mark.inLog) !== 0;
      return (!isElsewhere || !acked) && ((groups === 0 && !isElsewhere) || mayVanish);
    })
  );
}
