import type { HistoryHeader } from '../history/events.ts';
import type { Book } from './book/book.ts';
import { lacksConsumers, lacksPositions } from './book/circumstances.ts';
import { fromLog } from './book/claims.ts';
import type { Claim } from './book/claims.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** Groups are served at least once: what was given and not yet acked when its consumer
 * died, paused or lost the partition is given again.
 *
 * **Guarantee.** None is broken by giving a position twice; how often it happens is the price of a
 * consumer's death, and is counted.
 *
 * **Anomaly.** `redelivered`: the same message at the same position, given to a group again. A
 * position that comes again with other content is `corrupted`; a message that comes from a second
 * position is `duplicate`.
 */
export const redelivery: Checker = {
  name: 'redelivery',
  description: 'how many positions were given to a group again (allowed, counted)',
  notApplicable: (circumstances) => lacksConsumers(circumstances) ?? lacksPositions(circumstances),
  watch(book) {
    const allowed = new Tally();
    let group = -1;
    return {
      header(header: HistoryHeader) {
        group = book.groupOf(header);
      },
      delivery({ consumer, partition, offset }, id) {
        const { messages } = book;
        if (id < 0 || !messages.isAt(id, partition, offset)) return;
        if ((messages.groups(id) & (1 << group)) === 0) return;
        allowed.add(
          'redelivered',
          () => `${book.witness(id)}, given to ${book.groups[group]} again by consumer ${consumer}`,
        );
      },
      finish() {
        countAwayFromHome(book, allowed);
        return {
          forbidden: new Tally(),
          allowed,
          doubts: [],
          evidence:
            `${counted(book.deliveries, 'delivery', 'deliveries')}: ` +
            `${count(allowed.count())} of them again`,
        };
      },
    };
  },
};

function countAwayFromHome({ claims, groups, messages }: Book, allowed: Tally): void {
  const order = claims.sorted(
    (a, b) =>
      a.source - b.source || a.partition - b.partition || a.offset - b.offset || a.id - b.id,
  );
  let before: Claim | undefined;
  for (const index of order) {
    const claim = claims.get(index);
    if (claim.source === fromLog) return;
    if (before !== undefined && isSame(before, claim)) {
      allowed.add(
        'redelivered',
        () =>
          `${messages.describe(claim.id)} at p${claim.partition}@${claim.offset}, given to ${groups[claim.source]} again`,
      );
    }
    before = claim;
  }
}

function isSame(a: Claim, b: Claim): boolean {
  return (
    a.source === b.source && a.partition === b.partition && a.offset === b.offset && a.id === b.id
  );
}
