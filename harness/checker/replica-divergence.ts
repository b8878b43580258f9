import type { Book } from './book/book.ts';
import { lacksPositions, replicasOf } from './book/circumstances.ts';
import type { Circumstances } from './book/circumstances.ts';
import { eachDifference, isMessage, sharedRange } from './book/copy-difference.ts';
import type { LogCopy } from './book/log-copy.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** Replicas hold one log; a follower may be behind its leader, and nothing else.
 *
 * **Guarantee.** In the range that two copies have committed, they hold the same messages at the
 * same offsets. The log as read through its leader is the measure; when that could not be read to
 * its end, the first complete copy is.
 *
 * **Anomalies.** `diverged`: an offset at which a node's own copy holds another message, holds one
 * where the log has none, or holds none where the log has one (a copy that begins later than the
 * log lacks its beginning). `offset-not-rising`: a copy whose offsets do not rise. A copy that ends
 * earlier is behind, which `drain` reports.
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
        const measure = measureOf(book, partition, copies);
        const complete = copies.filter((copy) => copy.complete).length;
        if (complete < replicas) {
          doubts.push(
            `${complete} of ${replicas} copies of partition ${partition} were read to their end`,
          );
        }
        for (const copy of copies) {
          if (measure === undefined || copy === measure) continue;
          compared += compare(book, measure, copy, forbidden);
        }
      }
      return {
        forbidden,
        allowed: new Tally(),
        doubts,
        evidence: `${compared} records compared on ${book.copies.nodes().length} nodes: ${forbidden.count()} differences`,
      };
    },
  }),
};

function lacksReplicas({ plan, capabilities }: Circumstances): string | undefined {
  if (!capabilities.readEachReplica) return 'the copy of a single node cannot be read';
  return replicasOf(plan.scenario) > 1 ? undefined : 'the topic has one replica';
}

function measureOf(book: Book, partition: number, copies: readonly LogCopy[]): LogCopy | undefined {
  const log = book.copies.copy(0, partition);
  return log?.complete === true ? log : copies.find((copy) => copy.complete);
}

/** Returns how many records of the copy were compared. */
function compare(book: Book, measure: LogCopy, copy: LogCopy, forbidden: Tally): number {
  if (copy.disordered > 0) {
    forbidden.add(
      'offset-not-rising',
      () => `node ${copy.node} partition ${copy.partition}, ${copy.disordered} records`,
      copy.disordered,
    );
  }
  const name = (id: number | undefined): string =>
    id === undefined
      ? 'nothing'
      : isMessage(id)
        ? book.messages.describe(id)
        : 'no message of this run';
  const log = measure.node === 0 ? 'the log' : `node ${measure.node}`;
  eachDifference(measure, copy, sharedRange(measure, copy), ({ offset, left, right }) => {
    forbidden.add(
      'diverged',
      () =>
        `p${copy.partition}@${offset}: ${log} holds ${name(left)}, node ${copy.node} holds ${name(right)}`,
    );
  });
  return copy.length;
}
