import type { Book } from './book.ts';
import { stranger, type LogCopy } from './log-copy.ts';

/**
 * How far a group has come in a log as it was read: the highest offset whose record it was given
 * there; -1 when it was given none. What it was given at offsets that the log has lost since, and
 * fills anew, does not count: a group that has not noticed yet is late, and has skipped nothing.
 */
export function reachedIn(book: Book, log: LogCopy, group: number): number {
  return highest(log, (index) => {
    return book.wasGivenAt(log.id(index), group, log.partition, log.offset(index));
  });
}

/** Where a group that has been given all of a log has come; -1 where it holds no intact message. */
export function endOfLog(log: LogCopy): number {
  return highest(log, (index) => log.id(index) !== stranger);
}

function highest(log: LogCopy, holds: (index: number) => boolean): number {
  let found = -1;
  for (let index = log.length - 1; index >= 0; index--) {
    if (log.offset(index) <= found || !holds(index)) continue;
    found = log.offset(index);
    if (log.disordered === 0) break;
  }
  return found;
}
