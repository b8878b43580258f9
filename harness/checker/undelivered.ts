import type { Book } from './book/book.ts';
import { lacksConsumers, lacksFinalRead } from './book/circumstances.ts';
import { stranger } from './book/log-copy.ts';
import { reachedIn } from './book/reached.ts';
import type { LogCopy } from './book/log-copy.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import { PassedOver, type PassedOverKind } from './undelivered/passed-over.ts';
import type { Checker, Finding } from './watch.ts';

/**
 * **Model.** A group reads each partition from its start to its end, whichever members do it.
 *
 * **Guarantee.** Once the group has drained a partition, each record of the final read was given to
 * some member at least once. Deliveries are in the history before they are acked, so that a cursor
 * that moved past a record which no history shows was moved by nobody's ack.
 *
 * **Anomalies.** `undelivered`: in the log, below the furthest record of it that the group was given,
 * and never given to it. Above that record the group had not drained: that is no anomaly but a doubt, and
 * `drain` reports it. Where a fault took the end of the log, as its promise allows, and the group had
 * been given there what is gone, as the promise says of this broker (`PassedOver`), it is
 * `passed-over` by a cursor that outlived the log, or of a `split-brain` among the replicas.
 */
export const undelivered: Checker = {
  name: 'undelivered',
  description: 'each record of the log was given to every group',
  misledBy: ['consumer'],
  notApplicable: (circumstances) => lacksConsumers(circumstances) ?? lacksFinalRead(circumstances),
  watch(book) {
    const passedOver = new PassedOver(book);
    let group = -1;
    return {
      header(header) {
        group = book.groupOf(header);
      },
      complete: (event, id, invokedAt) => passedOver.complete(event, id, invokedAt),
      delivery: (event, id) => passedOver.delivery(group, event, id),
      finish: () => judge(book, passedOver),
    };
  },
};

/** What became of what a group was not given. */
interface Sums {
  readonly forbidden: Tally;
  readonly allowed: Tally;
  /** It had not come so far. */
  behind: number;
  /** Whether that is allowed cannot be told: by the clocks, or of a message that was retried. */
  unclear: number;
}

function judge(book: Book, passedOver: PassedOver): Finding {
  const sums: Sums = { forbidden: new Tally(), allowed: new Tally(), behind: 0, unclear: 0 };
  const { forbidden, allowed } = sums;
  let records = 0;
  for (const copy of book.copies.copiesOf(0)) {
    records += copy.length;
    book.groups.forEach((_, group) => judgeGroup(book, passedOver, { copy, group }, sums));
  }
  const groups = book.groups.length === 1 ? 'one group' : `${book.groups.length} groups`;
  return {
    forbidden,
    allowed,
    doubts: doubtsOf(sums, records),
    evidence:
      `${counted(records, 'record')}, ${groups}, ` +
      `${counted(book.deliveries, 'delivery', 'deliveries')}: ${count(forbidden.count())} never given` +
      allowedInWords(allowed, passedOver),
  };
}

const inWords: Readonly<Record<PassedOverKind, string>> = {
  'passed-over': 'passed over',
  'split-brain': 'of a split-brain, in whose place the group was given what the log has lost',
};

function allowedInWords(allowed: Tally, passedOver: PassedOver): string {
  return (['passed-over', 'split-brain'] as const)
    .filter((kind) => allowed.count(kind) > 0)
    .map(
      (kind) =>
        `; ${count(allowed.count(kind))} ${inWords[kind]}, as allowed: ${passedOver.inWords(kind)}`,
    )
    .join('');
}

function doubtsOf({ behind, unclear }: Sums, records: number): string[] {
  const doubts: string[] = [];
  if (behind > 0) {
    const what = counted(behind, 'record was', 'records were');
    doubts.push(`${what} beyond what their group had reached`);
  }
  if (unclear > 0) {
    const were = counted(unclear, 'record was', 'records were');
    doubts.push(
      `${were} passed over, and whether a fault excuses that cannot be told: the clocks of workers and harness compare only so closely, or a message was retried, and may have been stored more than once`,
    );
  }
  if (records === 0) doubts.push('the final read found no records');
  return doubts;
}

function judgeGroup(
  book: Book,
  passedOver: PassedOver,
  place: { readonly copy: LogCopy; readonly group: number },
  sums: Sums,
): void {
  const { copy, group } = place;
  const name = book.groups[group]!;
  const reached = reachedIn(book, copy, group);
  const judged = passedOver.judge(copy, group);
  for (let index = 0; index < copy.length; index++) {
    const id = copy.id(index);
    if (id === stranger || book.wasGiven(id, group)) continue;
    const offset = copy.offset(index);
    if (offset < 0 || offset > reached) {
      sums.behind++;
      continue;
    }
    const found = judged(offset);
    if (found === undefined) {
      const witness = () => `${book.witness(id)}, in the log and never given to ${name}`;
      sums.forbidden.add('undelivered', witness);
    } else if (!found.certain) sums.unclear++;
    else {
      const { kind, fault } = found;
      const place = `p${copy.partition}@${offset}`;
      const given =
        kind === 'passed-over'
          ? `had been given ${place} before ${fault}`
          : `was given at ${place} what ${fault} took`;
      const witness = () =>
        `${book.witness(id)}, in the log and never given to ${name}, which ${given}`;
      sums.allowed.add(kind, witness);
    }
  }
}
