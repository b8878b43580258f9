import type { Book } from '../checker/book/book.ts';
import { unsafeOf } from '../checker/book/exposure.ts';
import type { Injection } from '../checker/book/fault-timeline.ts';
import { suspectsOf } from '../checker/book/suspects.ts';
import { windowOf } from '../checker/loss-window.ts';
import { count } from '../record/count.ts';
import { lossInWords } from '../record/loss-in-words.ts';

/** What an injection put at risk. */
export interface Stake {
  /** Something was: it is a trial of what is promised. */
  readonly exposed: boolean;
  readonly inWords: string;
  /** How much may go, in words, where some may. */
  readonly allowed?: string;
}

/**
 * Where some loss is allowed, what was not yet safe; else what was sent and acked in the second
 * before. A fault on a client takes nothing from the log, and is no trial.
 */
export function stakeOf(book: Book, injection: Injection): Stake {
  const suspects = suspectsOf(book.timeline, book.circumstances);
  const suspect = suspects.find((one) => one.injection === injection);
  const promise = suspect?.promise;
  if (promise === undefined || promise.loss === 'none') {
    const acked = book.exposed.get(injection) ?? 0;
    const inWords = `${count(acked)} messages exposed`;
    return { exposed: injection.aimedAt === 'node' && acked > 0, inWords };
  }
  const unsafe = suspect?.exposure && unsafeOf(suspect.exposure);
  const { messages, ms } = windowOf(book, injection);
  const measured =
    unsafe === undefined ? 'exposure not measured' : `${count(unsafe)} messages not yet safe`;
  return {
    exposed: (unsafe ?? 0) > 0 || messages > 0,
    inWords: `${measured}, ${lossInWords({ messages, ms, allowed: true })}`,
    allowed: promise.bound,
  };
}
