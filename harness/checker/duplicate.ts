import type { Book } from './book/book.ts';
import { isIdempotent, lacksFinalRead } from './book/circumstances.ts';
import { fromLog } from './book/claims.ts';
import { legalLossOf } from './book/legal-loss.ts';
import { stranger } from './book/log-copy.ts';
import { Mark } from './book/messages.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker, Finding } from './watch.ts';

/**
 * **Model.** A message has one identity, its producer and sequence; a record has one position.
 *
 * **Guarantee.** A message that was sent once is stored once: wherever it is seen, in deliveries and
 * in the final read, it is at one position. (An ack that names yet another is `acked-elsewhere`.)
 *
 * **Anomalies.** `duplicate-broker`: one value at two positions, when the producer was idempotent,
 * or after one attempt whose outcome is known: nobody but the broker can have copied it.
 * `duplicate-producer-retry`: otherwise, the retry of a producer that could not know better; legal
 * at least once, and counted. `duplicate-window`: it was given away at a position that a legal loss
 * took, before its producer learned of it; the retry put it where the log now has it, once. One
 * *position* that is delivered twice is a redelivery, and no
 * duplicate. An unknown that is in the log once is recovered, and no duplicate.
 */
export const duplicate: Checker = {
  name: 'duplicate',
  description: 'what was sent once is in the log once',
  notApplicable: (circumstances) =>
    circumstances.capabilities.positions ? undefined : lacksFinalRead(circumstances),
  watch: (book) => ({
    finish() {
      const forbidden = new Tally();
      const allowed = new Tally();
      const { mayVanish } = legalLossOf(book);
      const report: Report = (id, places, inLog) => {
        const byRetry = book.mayBeRetried(id);
        const byLoss = mayVanish && inLog <= 1 && !isLostWhereAcked(book, id);
        const legal = byRetry
          ? 'duplicate-producer-retry'
          : byLoss
            ? 'duplicate-window'
            : undefined;
        const tally = legal === undefined ? forbidden : allowed;
        tally.add(legal ?? 'duplicate-broker', () => `${book.witness(id)}, found at ${places}`);
      };
      if (book.circumstances.capabilities.positions) eachValueAtTwoPlaces(book, report);
      else eachValueReadTwice(book, report);
      return findingOf(book, forbidden, allowed);
    },
  }),
};

function findingOf(book: Book, forbidden: Tally, allowed: Tally): Finding {
  const records = book.copies.copiesOf(0).reduce((sum, { length }) => sum + length, 0);
  const idempotence = isIdempotent(book.circumstances) ? 'on' : 'off';
  const doubts = records === 0 ? ['the final read found no records'] : [];
  return {
    forbidden,
    allowed,
    doubts,
    evidence:
      `${counted(records, 'record')} and ${counted(book.deliveries, 'delivery', 'deliveries')}, ` +
      `idempotence ${idempotence}: ` +
      `${count(forbidden.count())} by the broker, ${count(allowed.count())} by retries`,
  };
}

/** A producer that knows of its ack never sends again, whatever became of the message. */
function isLostWhereAcked({ messages }: Book, id: number): boolean {
  const marks = messages.marks(id);
  return (marks & Mark.ackedThere) !== 0 && (marks & Mark.inLogThere) === 0;
}

/** `inLog`: at how many of the places the final read found it. */
type Report = (id: number, places: string, inLog: number) => void;

/** Only sightings away from a message's own position can make a second one. */
function eachValueAtTwoPlaces(book: Book, report: Report): void {
  const { claims, messages } = book;
  const order = claims.sorted((a, b) => a.id - b.id);
  for (let from = 0; from < order.length;) {
    const { id } = claims.get(order[from]!);
    const places = new Set<string>();
    const inLog = new Set<string>();
    const marks = messages.marks(id);
    const home = `p${messages.partition(id)}@${messages.offset(id)}`;
    if ((marks & Mark.inLogThere) !== 0) inLog.add(home);
    if ((marks & Mark.inLogThere) !== 0 || messages.groups(id) !== 0) places.add(home);
    for (; from < order.length; from++) {
      const claim = claims.get(order[from]!);
      if (claim.id !== id) break;
      const place = `p${claim.partition}@${claim.offset}`;
      places.add(place);
      if (claim.source === fromLog) inLog.add(place);
    }
    if (places.size > 1) report(id, [...places].join(' and '), inLog.size);
  }
}

/** Without positions, what one reading of the log shows twice is there twice. */
function eachValueReadTwice(book: Book, report: Report): void {
  const reading = book.newSession();
  for (const copy of book.copies.copiesOf(0)) {
    for (let index = 0; index < copy.length; index++) {
      const id = copy.id(index);
      if (id !== stranger && book.messages.exchangeSession(id, reading) === reading) {
        report(id, 'two places of one reading', 2);
      }
    }
  }
}
