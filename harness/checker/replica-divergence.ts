import type { Book } from './book/book.ts';
import { legalLossOf } from './book/legal-loss.ts';
import { lacksPositions, replicasOf } from './book/circumstances.ts';
import type { Circumstances } from './book/circumstances.ts';
import {
  eachDifference,
  endOf,
  isMessage,
  isWholeLog,
  sharedRange,
} from './book/copy-difference.ts';
import type { OffsetRange } from './book/copy-difference.ts';
import type { LogCopy } from './book/log-copy.ts';
import { counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** Replicas hold one log; a follower may be behind its leader, and nothing else.
 *
 * **Guarantee.** In the range that two copies have committed, they hold the same messages at the
 * same offsets. The log as read through its leader is the measure; when that could not be read to
 * its end, the complete copy that goes furthest is, and beyond it the copies are held against each
 * other. What a node handed out in the middle of a run (an inspection) is held against the log too,
 * where no fault was allowed to take anything from it since.
 *
 * **Anomalies.** `diverged`: an offset at which a node's own copy holds another message, holds one
 * where the log has none (also beyond its end: nobody sends any more when the copies are read), or
 * holds none where the log has one (a copy that begins later than the log lacks its beginning).
 * `offset-not-rising`: a copy whose offsets do not rise. A copy that ends earlier is behind, which
 * `drain` reports.
 */
export const replicaDivergence: Checker = {
  name: 'replica-divergence',
  description: 'all replicas hold the same log',
  notApplicable: (circumstances) => lacksPositions(circumstances) ?? lacksReplicas(circumstances),
  watch: (book) => ({
    finish() {
      const forbidden = new Tally();
      const doubts: string[] = [];
      let compared = 0;
      const { plan } = book.circumstances;
      const replicas = replicasOf(plan.scenario);
      for (let partition = 0; partition < plan.scenario.topic.partitions; partition++) {
        const copies = book.copies
          .nodes()
          .map((node) => book.copies.copy(node, partition))
          .filter((copy) => copy !== undefined);
        const complete = copies.filter((copy) => copy.complete).length;
        if (complete < replicas) {
          doubts.push(
            `${complete} of ${replicas} copies of partition ${partition} were read to their end`,
          );
        }
        for (const copy of copies) noteDisorder(copy, forbidden);
        const log = book.copies.copy(0, partition);
        for (const { left, right, range } of pairsOf(log, copies))
          compared += compare(book, { left, right, range }, forbidden);
        if (log === undefined || !isWholeLog(log) || legalLossOf(book).since < Infinity) continue;
        for (const right of book.inspections.filter((copy) => copy.partition === partition)) {
          noteDisorder(right, forbidden);
          const range = sharedRange(log, right);
          compared += compare(book, { left: log, right, range }, forbidden);
        }
      }
      return {
        forbidden,
        allowed: new Tally(),
        doubts,
        evidence:
          `${counted(compared, 'record')} compared on ${counted(book.copies.nodes().length, 'node')}: ` +
          counted(forbidden.count(), 'difference'),
      };
    },
  }),
};

function lacksReplicas({ plan, capabilities }: Circumstances): string | undefined {
  if (replicasOf(plan.scenario) < 2) return 'the topic has one replica';
  if (!capabilities.readEachReplica)
    return `not compared: ${plan.target} lets one read a partition through its leader alone`;
  return undefined;
}

interface Pair {
  readonly left: LogCopy;
  readonly right: LogCopy;
  readonly range: OffsetRange;
}

/** What to hold against what. */
function* pairsOf(log: LogCopy | undefined, copies: readonly LogCopy[]): Generator<Pair> {
  const whole = log !== undefined && isWholeLog(log);
  const all = log === undefined ? copies : [log, ...copies];
  const measure = whole ? log : furthest(all.filter(({ complete }) => complete));
  for (const right of all) {
    if (measure === undefined || right === measure) continue;
    yield { left: measure, right, range: sharedRange(measure, right) };
  }
  if (whole) return;
  const low = measure === undefined ? -Infinity : endOf(measure);
  const beyond = all.filter((copy) => endOf(copy) > low);
  const left = furthest(beyond);
  for (const right of beyond) {
    if (left === undefined || right === left) continue;
    const { low: shared, high } = sharedRange(left, right);
    yield { left, right, range: { low: Math.max(low, shared), high } };
  }
}

function furthest(copies: readonly LogCopy[]): LogCopy | undefined {
  return copies.toSorted((a, b) => endOf(b) - endOf(a))[0];
}

function noteDisorder({ node, partition, disordered }: LogCopy, forbidden: Tally): void {
  if (disordered === 0) return;
  const what = `node ${node} partition ${partition}, ${counted(disordered, 'record')}`;
  forbidden.add('offset-not-rising', () => what, disordered);
}

/** Returns at how many offsets the two were compared. */
function compare(book: Book, { left, right, range }: Pair, forbidden: Tally): number {
  const nameOf = ({ node }: LogCopy): string => (node === 0 ? 'the log' : `node ${node}`);
  const contentOf = (id: number | undefined): string =>
    id === undefined
      ? 'nothing'
      : isMessage(id)
        ? book.messages.describe(id)
        : 'no message of this run';
  return eachDifference(left, right, range, (difference) => {
    forbidden.add('diverged', () => {
      const held = `${nameOf(left)} holds ${contentOf(difference.left)}`;
      const other = `${nameOf(right)} holds ${contentOf(difference.right)}`;
      return `p${right.partition}@${difference.offset}: ${held}, ${other}`;
    });
  });
}
