import type { Book } from '../checker/book/book.ts';
import { Mark } from '../checker/book/messages.ts';
import type { Verdict } from '../checker/checker.ts';
import type { Judgement } from './judgement.ts';

/** Where every message went. Anomalies are what the verdicts count, allowed ones among them. */
export function accountingOf(book: Book, verdicts: readonly Verdict[]): Judgement['accounting'] {
  const counts = { sent: 0, acked: 0, failed: 0, unknown: 0, inLog: 0, delivered: 0, recovered: 0 };
  book.messages.forEach((id, marks) => {
    const inLog = (marks & Mark.inLog) !== 0;
    const delivered = book.wasGivenToAny(id);
    counts.sent++;
    if (inLog) counts.inLog++;
    if (delivered) counts.delivered++;
    if ((marks & Mark.ok) !== 0) counts.acked++;
    else if ((marks & Mark.fail) !== 0) counts.failed++;
    else {
      counts.unknown++;
      if (inLog || delivered) counts.recovered++;
    }
  });
  const found = (...kinds: string[]): number => countOf(verdicts, ...kinds);
  return {
    ...counts,
    deliveries: book.deliveries,
    lost: book.loss.count,
    vanished: found('vanished', 'vanished-window'),
    undelivered: found('undelivered'),
    passedOver: found('passed-over', 'split-brain'),
    duplicatesBroker: found('duplicate-broker'),
    duplicatesProducerRetry: found('duplicate-producer-retry'),
    redelivered: found('redelivered'),
    reordered: found('reordered', 'reordered-delivery', 'reordered-producer-retry'),
    neverSent: found('never-sent', 'foreign'),
    corrupted: found('checksum', 'key-changed', 'redelivery-changed'),
  };
}

/** How many anomalies there are of some kinds. */
export function countOf(verdicts: readonly Verdict[], ...kinds: readonly string[]): number {
  let sum = 0;
  for (const { anomalies } of verdicts) {
    for (const { kind, count } of anomalies) if (kinds.includes(kind)) sum += count;
  }
  return sum;
}
