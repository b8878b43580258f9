import type { Book } from './book/book.ts';
import { lacksConsumers, lacksPositions } from './book/circumstances.ts';
import { legalLossOf, type LegalLoss } from './book/legal-loss.ts';
import type { LogCopy } from './book/log-copy.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** Between one assignment of a partition and the next, a consumer reads it as a log.
 *
 * **Guarantee.** Each delivery of an assignment is the record right after the one before: by
 * offset where offsets are dense, else by rank in the final read of the log.
 *
 * **Anomalies.** `skipped`: records in between were passed over. `rewound`: the same record again,
 * or an earlier one. Each is counted once per pair of neighbouring deliveries. An assignment, a
 * revocation or a divergence that the broker announced begins anew: after it the consumer resumes
 * from the cursor, and what it is given again is `redelivery`. (Jepsen's Kafka workload calls them
 * poll-skip and nonmonotonic-poll.) `sent-back`: the broker told a consumer that the log was cut
 * behind what it had read; legal only after a fault that may cost messages, then `sent-back-window`.
 */
export const poll: Checker = {
  name: 'poll',
  description: 'a consumer neither skips nor goes back within an assignment',
  notApplicable: (circumstances) =>
    lacksConsumers(circumstances) ??
    lacksPositions(circumstances) ??
    (circumstances.capabilities.competingConsumers
      ? 'consumers compete for single messages, so none of them reads a partition as a log'
      : undefined),
  watch(book) {
    const forbidden = new Tally();
    const allowed = new Tally();
    let legal: LegalLoss | undefined;
    let unclear = 0;
    const { denseOffsets } = book.circumstances.capabilities;
    const unranked = new Set<number>();
    let assignments: (Assignment | undefined)[] = [];
    let pairs = 0;
    return {
      header() {
        assignments = [];
      },
      position({ type, partition, offset, consumer, time }) {
        assignments[partition] = undefined;
        if (type !== 'diverged') return;
        legal ??= legalLossOf(book);
        const { earliest, latest } = legal.within;
        if (book.oneClock && earliest <= time && time < latest) {
          unclear++;
          return;
        }
        const isLegal = latest <= time || (latest < Infinity && !book.oneClock);
        (isLegal ? allowed : forbidden).add(
          isLegal ? 'sent-back-window' : 'sent-back',
          () => `consumer ${consumer} was sent back to p${partition}@${offset}`,
        );
      },
      delivery({ consumer, partition, offset }) {
        if (partition < 0 || offset < 0) return;
        const assignment = assignments[partition];
        if (assignment === undefined) {
          assignments[partition] = { offset, next: -1 };
          return;
        }
        pairs++;
        const before = assignment.offset;
        const skipped =
          denseOffsets || offset <= before
            ? offset - before - 1
            : recordsBetween(book, { partition, offset }, assignment);
        assignment.offset = offset;
        if (skipped === 0) return;
        if (skipped === undefined) unranked.add(partition);
        else if (skipped < 0) {
          assignment.next = -1;
          forbidden.add(
            'rewound',
            () => `consumer ${consumer} went from p${partition}@${before} back to ${offset}`,
          );
        } else {
          forbidden.add(
            'skipped',
            () =>
              `consumer ${consumer} went from p${partition}@${before} to ${offset}, ` +
              `past ${counted(skipped, 'record')}`,
          );
        }
      },
      finish: () => ({
        forbidden,
        allowed,
        doubts: [
          ...(pairs === 0 ? ['no consumer was given two records of one assignment'] : []),
          ...(unclear > 0
            ? [
                `${counted(unclear, 'consumer was', 'consumers were')} sent back while a fault took effect, ` +
                  'as closely as the clocks of workers and harness compare: whether before it cannot be told',
              ]
            : []),
          ...(unranked.size > 0
            ? [
                `partitions ${[...unranked].join(', ')} were not read to their end, so gaps in their offsets cannot be told from skipped records`,
              ]
            : []),
        ],
        evidence:
          `${counted(pairs, 'pair')} of neighbouring deliveries: ` +
          `${count(forbidden.count('skipped'))} skipped, ${count(forbidden.count('rewound'))} rewound`,
      }),
    };
  },
};

interface Assignment {
  offset: number;
  /** Index in the log of the record that should come next; -1 while unknown. */
  next: number;
}

/** How many records the log holds since the last delivery; undefined = cannot be told. */
function recordsBetween(
  book: Book,
  { partition, offset }: { readonly partition: number; readonly offset: number },
  assignment: Assignment,
): number | undefined {
  const log = book.copies.copy(0, partition);
  if (log === undefined || !log.complete || log.disordered > 0) return undefined;
  const due = assignment.next < 0 ? indexAfter(log, assignment.offset) : assignment.next;
  const index = due < log.length && log.offset(due) === offset ? due : log.lowerBound(offset);
  const found = index < log.length && log.offset(index) === offset;
  assignment.next = found ? index + 1 : index;
  return index - due;
}

function indexAfter(log: LogCopy, offset: number): number {
  const index = log.lowerBound(offset);
  return index < log.length && log.offset(index) === offset ? index + 1 : index;
}
