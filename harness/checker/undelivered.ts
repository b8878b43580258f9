import type { Book } from './book/book.ts';
import { lacksConsumers, lacksFinalRead } from './book/circumstances.ts';
import { stranger } from './book/log-copy.ts';
import type { LogCopy } from './book/log-copy.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker, Finding } from './watch.ts';

/**
 * **Model.** A group reads each partition from its start to its end, whichever members do it.
 *
 * **Guarantee.** Once the group has drained a partition, each record of the final read was given to
 * some member at least once. Deliveries are in the history before they are acked, so that a cursor
 * that moved past a record which no history shows was moved by nobody's ack.
 *
 * **Anomaly.** `undelivered`: in the log, below the furthest point that the group reached, and
 * never given to it. Above that point the group had not drained: that is no anomaly but a doubt, and
 * `drain` reports it.
 */
export const undelivered: Checker = {
  name: 'undelivered',
  description: 'each record of the log was given to every group',
  misledBy: ['consumer'],
  notApplicable: (circumstances) => lacksConsumers(circumstances) ?? lacksFinalRead(circumstances),
  watch: (book) => ({ finish: () => judge(book) }),
};

function judge(book: Book): Finding {
  const forbidden = new Tally();
  let records = 0;
  let behind = 0;
  for (const copy of book.copies.copiesOf(0)) {
    records += copy.length;
    book.groups.forEach((group, number) => {
      behind += judgeGroup(book, copy, { group, number }, forbidden);
    });
  }
  const doubts = behind > 0 ? [`${counted(behind, 'record was', 'records were')} beyond what their group had reached`] : [];
  if (records === 0) doubts.push('the final read found no records');
  const groups = book.groups.length === 1 ? 'one group' : `${book.groups.length} groups`;
  return {
    forbidden,
    allowed: new Tally(),
    doubts,
    evidence:
      `${counted(records, 'record')}, ${groups}, ` +
      `${counted(book.deliveries, 'delivery', 'deliveries')}: ${count(forbidden.count())} never given`,
  };
}

/** Returns how many records the group had not reached. */
function judgeGroup(
  book: Book,
  copy: LogCopy,
  { group, number }: { readonly group: string; readonly number: number },
  forbidden: Tally,
): number {
  const furthest = book.furthest(number, copy.partition);
  let behind = 0;
  for (let index = 0; index < copy.length; index++) {
    const id = copy.id(index);
    if (id === stranger || book.wasGiven(id, number)) continue;
    const offset = copy.offset(index);
    if (offset < 0 || offset > furthest) behind++;
    else
      forbidden.add(
        'undelivered',
        () => `${book.witness(id)}, in the log and never given to ${group}`,
      );
  }
  return behind;
}
