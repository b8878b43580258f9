import { stranger } from './log-copy.ts';
import type { LogCopy } from './log-copy.ts';

export interface OffsetRange {
  readonly low: number;
  /** Exclusive. */
  readonly high: number;
}

/** What two copies hold at one offset; undefined = nothing, `stranger` = no message of this run. */
export interface Difference {
  readonly offset: number;
  readonly left: number | undefined;
  readonly right: number | undefined;
}

/**
 * The offsets that both copies must agree on: from the start of the left one to where the right one
 * ends, which may be behind. A right copy that begins later lacks something, and one that goes on
 * beyond the whole log holds what the log does not; beyond a left copy of which that is not known
 * to be the end nothing is said.
 */
export function sharedRange(left: LogCopy, right: LogCopy): OffsetRange {
  const low = right.complete ? startOf(left) : Math.max(startOf(left), startOf(right));
  const end = endOf(right);
  return { low, high: isWholeLog(left) ? end : Math.min(endOf(left), end) };
}

/** As its leaders gave it, to its end. */
export function isWholeLog({ node, complete }: LogCopy): boolean {
  return node === 0 && complete;
}

/** Compares by offset, only copies whose offsets rise; returns how many offsets it compared. */
export function eachDifference(
  left: LogCopy,
  right: LogCopy,
  { low, high }: OffsetRange,
  visit: (difference: Difference) => void,
): number {
  if (left.disordered > 0 || right.disordered > 0) return 0;
  let l = left.lowerBound(low);
  let r = right.lowerBound(low);
  for (let compared = 0; ; compared++) {
    const leftOffset = l < left.length ? left.offset(l) : high;
    const rightOffset = r < right.length ? right.offset(r) : high;
    const offset = Math.min(leftOffset, rightOffset);
    if (offset >= high) return compared;
    const leftId = leftOffset === offset ? left.id(l++) : undefined;
    const rightId = rightOffset === offset ? right.id(r++) : undefined;
    if (leftId === rightId) continue;
    visit({ offset, left: leftId, right: rightId });
  }
}

/** Whether the id names a message; strangers and nothing do not. */
export function isMessage(id: number | undefined): id is number {
  return id !== undefined && id !== stranger;
}

function startOf(copy: LogCopy): number {
  if (copy.complete && copy.startOffset >= 0) return copy.startOffset;
  return copy.length === 0 ? 0 : copy.offset(0);
}

/** Exclusive. */
export function endOf(copy: LogCopy): number {
  return copy.complete ? Math.max(copy.endOffset, copy.lastOffset + 1) : copy.lastOffset + 1;
}
