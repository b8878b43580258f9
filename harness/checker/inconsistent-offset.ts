import type { Book } from './book/book.ts';
import { lacksPositions } from './book/circumstances.ts';
import type { Conflict } from './book/claims.ts';
import { isSuperseded, legalLossOf } from './book/legal-loss.ts';
import { Mark } from './book/messages.ts';
import { counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** A position names one record, for ever and to everybody.
 *
 * **Guarantee.** Acks, deliveries and the final read agree on what lies at each position, and the
 * final read gives offsets that rise.
 *
 * **Anomalies.** `inconsistent-offset`: one position with two messages. `acked-elsewhere`: a message
 * that is seen, but never at the position that its ack named. `offset-not-rising`: a record of the
 * final read that does not lie behind the one before it. `superseded`: an acked message that is
 * lost, and its position taken by another: what a log looks like that was cut and regrown; legal
 * only where the mode may lose, and never once the first message had been delivered where delivered
 * messages are safe (`LegalLoss`). Whether the loss itself was legal is for `lost` to say.
 */
export const inconsistentOffset: Checker = {
  name: 'inconsistent-offset',
  description: 'a position holds one message, whoever asks',
  notApplicable: lacksPositions,
  watch: (book) => ({
    finish() {
      const forbidden = new Tally();
      const allowed = new Tally();
      const legalLoss = legalLossOf(book);
      for (const conflict of book.conflicts) {
        const legal = isSuperseded(book, legalLoss, conflict);
        (legal ? allowed : forbidden).add(legal ? 'superseded' : 'inconsistent-offset', () =>
          inWords(book, conflict),
        );
      }
      findAckedElsewhere(book, forbidden);
      let records = 0;
      for (const copy of book.copies.copiesOf(0)) {
        records += copy.length;
        if (copy.disordered === 0) continue;
        forbidden.add(
          'offset-not-rising',
          () => `partition ${copy.partition}, ${counted(copy.disordered, 'record')}`,
          copy.disordered,
        );
      }
      return {
        forbidden,
        allowed,
        doubts: records === 0 ? ['the final read found no records'] : [],
        evidence:
          `positions of ${counted(records, 'record')}, all acks and ` +
          `${counted(book.deliveries, 'delivery', 'deliveries')}: ` +
          counted(forbidden.count(), 'contradiction'),
      };
    },
  }),
};

/** Only a message that was sighted away from its own position can be seen elsewhere alone. */
function findAckedElsewhere(book: Book, forbidden: Tally): void {
  const { claims, messages } = book;
  const found = new Set<number>();
  for (let index = 0; index < claims.length; index++) {
    const { id, partition, offset } = claims.get(index);
    const marks = messages.marks(id);
    if ((marks & Mark.ackedThere) === 0 || (marks & Mark.inLogThere) !== 0) continue;
    if (messages.groups(id) !== 0 || found.has(id)) continue;
    found.add(id);
    forbidden.add('acked-elsewhere', () => `${book.witness(id)}, seen at p${partition}@${offset}`);
  }
}

function inWords(book: Book, { partition, offset, claimants }: Conflict): string {
  const sides = claimants.map(({ id, inLog, acked, groups }) => {
    const where = [
      acked ? 'acked' : '',
      groups !== 0 ? 'delivered' : '',
      inLog ? 'read' : '',
    ].filter((word) => word !== '');
    return `${book.messages.describe(id)} (${where.join(', ')})`;
  });
  return `p${partition}@${offset} holds ${sides.join(' and ')}`;
}
