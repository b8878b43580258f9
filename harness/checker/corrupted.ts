import type { Book } from './book/book.ts';
import { isSuperseded, legalLossOf } from './book/legal-loss.ts';
import { groupsMax } from './book/messages.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** A payload carries who it is and a checksum over all of it.
 *
 * **Guarantee.** Bytes come out as they went in, and come out the same each time.
 *
 * **Anomalies.** `checksum`: a payload that does not match its checksum; what it says of itself is
 * not believed. `key-changed`: intact, but with another key than the one it was sent with.
 * `redelivery-changed`: a position that was given to one group twice, with different messages;
 * `redelivery-superseded` where a legal loss explains it, since the log was cut there and regrew.
 * Each position (for a key: each message) is counted once.
 */
export const corrupted: Checker = {
  name: 'corrupted',
  description: 'payloads come out as they went in, each time',
  notApplicable: () => undefined,
  watch(book) {
    const forbidden = new Tally();
    const allowed = new Tally();
    const places = new Set<string>();
    const changed = new Set<number>();
    let looked = 0;
    const look = (event: Sighting, id: number): void => {
      looked++;
      if (!event.intact) {
        const place = `p${event.partition}@${event.offset}`;
        if (event.offset >= 0 && places.has(place)) return;
        places.add(place);
        forbidden.add('checksum', () => `a payload at ${place} that does not match its checksum`);
      } else if (id >= 0 && event.key !== book.messages.key(id) && !changed.has(id)) {
        changed.add(id);
        forbidden.add(
          'key-changed',
          () =>
            `${book.witness(id)}, sent with key ${book.messages.key(id)}, came with ${event.key}`,
        );
      }
    };
    return {
      read: look,
      delivery: look,
      finish() {
        findChangedRedeliveries(book, forbidden, allowed);
        return {
          forbidden,
          allowed,
          doubts: looked === 0 ? ['nothing was read or delivered'] : [],
          evidence: `${counted(looked, 'payload')} checked: ${count(forbidden.count())} corrupted`,
        };
      },
    };
  },
};

interface Sighting {
  readonly partition: number;
  readonly offset: number;
  readonly key: number;
  readonly intact: boolean;
}

function findChangedRedeliveries(book: Book, forbidden: Tally, allowed: Tally): void {
  const legalLoss = legalLossOf(book);
  for (const conflict of book.conflicts) {
    const { partition, offset, claimants } = conflict;
    const legal = isSuperseded(book, legalLoss, conflict);
    for (let group = 0; group < groupsMax; group++) {
      const given = claimants.filter(({ groups }) => (groups & (1 << group)) !== 0);
      if (given.length < 2) continue;
      const names = given.map(({ id }) => book.messages.describe(id)).join(' and ');
      (legal ? allowed : forbidden).add(
        legal ? 'redelivery-superseded' : 'redelivery-changed',
        () => `p${partition}@${offset} came to ${book.groups[group]} as ${names}`,
      );
    }
  }
}
