import type { Book } from './book/book.ts';
import { LastSequences } from './book/last-sequences.ts';
import { stranger } from './book/log-copy.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** A producer sends the messages of a key one after the other; a key lives in one
 * partition.
 *
 * **Guarantee.** The log holds the messages of a producer and key in the order in which they were
 * sent, and each consumer session is given them in that order. A session is one assignment of one
 * partition to one life of a consumer; assignment, revocation and divergence begin a new one, since
 * they may take it back to where the cursor was.
 *
 * **Anomalies.** `reordered`: in the log behind a later message of its producer and key.
 * `reordered-delivery`: given to a session for the first time after a later one. Repeats are left
 * out: the second sighting in the log is a `duplicate`, the second within a session a rewound
 * `poll`. `reordered-producer-retry`: the late message may have been retried by a producer that was
 * not idempotent, or whose broker takes a retry where it comes: neither promises order; counted.
 * Where consumers compete for single messages only the log is compared: what one of them gave back
 * is given to another, whatever came to that one meanwhile.
 */
export const order: Checker = {
  name: 'order',
  description: 'messages of one producer and key keep their order, in the log and as given',
  notApplicable: ({ capabilities }) =>
    capabilities.orderScope === 'none' ? 'the broker promises no order' : undefined,
  watch(book) {
    const forbidden = new Tally();
    const allowed = new Tally();
    const report = (kind: string, id: number, context: string): void => {
      const byRetry = book.mayBeLate(id);
      (byRetry ? allowed : forbidden).add(
        byRetry ? 'reordered-producer-retry' : kind,
        () => `${book.witness(id)}, key ${book.messages.key(id)}, ${context}`,
      );
    };
    let sessions: (Session | undefined)[] = [];
    let given = 0;
    const { competingConsumers } = book.circumstances.capabilities;
    return {
      header() {
        sessions = [];
      },
      position({ partition }) {
        sessions[partition + 1] = undefined;
      },
      delivery({ consumer, partition }, id) {
        if (id < 0 || competingConsumers) return;
        const session = (sessions[partition + 1] ??= {
          number: book.newSession(),
          last: new LastSequences(),
        });
        const { messages } = book;
        if (messages.exchangeSession(id, session.number) === session.number) return;
        given++;
        const later = raise(book, session.last, id);
        if (later >= 0)
          report('reordered-delivery', id, `given to consumer ${consumer} after sequence ${later}`);
      },
      finish() {
        const records = walkLog(book, report);
        return {
          forbidden,
          allowed,
          doubts: records + given === 0 ? ['there was nothing to compare'] : [],
          evidence:
            `${counted(records, 'record')} and ${counted(given, 'delivery', 'deliveries')} compared: ` +
            `${count(forbidden.count())} out of order`,
        };
      },
    };
  },
};

interface Session {
  readonly number: number;
  readonly last: LastSequences;
}

function walkLog(book: Book, report: (kind: string, id: number, context: string) => void): number {
  const reading = book.newSession();
  let records = 0;
  for (const copy of book.copies.copiesOf(0)) {
    const last = new LastSequences();
    for (let index = 0; index < copy.length; index++) {
      const id = copy.id(index);
      if (id === stranger || book.messages.exchangeSession(id, reading) === reading) continue;
      records++;
      const later = raise(book, last, id);
      if (later >= 0)
        report('reordered', id, `behind sequence ${later} in partition ${copy.partition}`);
    }
  }
  return records;
}

/** The later sequence that came first; -1 when all is in order. */
function raise({ messages }: Book, last: LastSequences, id: number): number {
  const sequence = messages.sequence(id);
  const before = last.raise(messages.producer(id), messages.key(id), sequence);
  return before > sequence ? before : -1;
}
