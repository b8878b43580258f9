import type { Book } from './book/book.ts';
import { lacksFinalRead } from './book/circumstances.ts';
import { describeInjection } from './book/fault-timeline.ts';
import { eachDifference, isMessage, sharedRange } from './book/copy-difference.ts';
import type { Legality } from './book/loss-attribution.ts';
import type { Loss } from './book/loss-ledger.ts';
import { legalLossOf } from './book/legal-loss.ts';
import { Mark } from './book/messages.ts';
import { count, counted } from '../record/count.ts';
import { windowOf } from './loss-window.ts';
import { LossPlaces } from './loss-places.ts';
import { Tally } from './tally.ts';
import type { Checker, Finding } from './watch.ts';

/**
 * **Model.** A producer's ack is a promise about the log. After everything is healed the log is
 * read once more, through the leaders and, where the broker allows it, on each node.
 *
 * **Guarantee.** Whatever was acked is in that final read. Who consumed a message before does not
 * matter: a consumer's copy is not the log. Some modes promise less after some faults
 * (`promise/`): then a contiguous tail of each partition, as it was when the fault hit, may go, up
 * to the bound that the promise names. A tail may be the whole log, where nothing of it was safe.
 *
 * **Anomalies.** `lost-prefix`, `lost-middle` (a hole), `lost-tail`, `lost-all` (the partition is
 * gone) and `lost-unplaced` (nobody can tell which of these): see `Survivors` for where the borders
 * lie. `lost-beyond-window`: a tail that one may lose, but not that much of it: what is older than
 * the flush explains, or more than was exposed (`attribute`). `vanished`: the part of those that a
 * consumer had already been given. `vanished-unacked`: given to a consumer, never acked, and no
 * longer there. `lost-on-node`: acked and in the log, but missing from one node's own copy. An
 * unknown that is nowhere is not loss; it was never promised. What the promise allows carries the
 * word `window`: `lost-window`, ... The evidence says where in their partitions those lay.
 */
export const lost: Checker = {
  name: 'lost',
  description: 'what was acked is in the final read of the log',
  notApplicable: lacksFinalRead,
  watch: (book) => ({ finish: () => judgeLoss(book) }),
};

function judgeLoss(book: Book): Finding {
  const forbidden = new Tally();
  const allowed = new Tally();
  const places = new LossPlaces();
  let unclear = 0;
  for (const loss of book.loss.losses()) {
    const { id, vanished } = loss;
    if (loss.legality === 'unclear') {
      unclear++;
      continue;
    }
    const legal = loss.legality === 'allowed';
    if (legal) places.add(loss);
    const tally = legal ? allowed : forbidden;
    tally.add(lossKind(loss), () =>
      loss.legality === 'beyond' ? `${book.witness(id)}${roomFor(book, loss)}` : book.witness(id),
    );
    if (vanished) tally.add(legal ? 'vanished-window' : 'vanished', () => book.witness(id));
  }
  findVanishedUnacked(book, forbidden, allowed);
  findLostOnNodes(book, forbidden);
  return {
    forbidden,
    allowed,
    doubts: doubtsOf(book, unclear),
    evidence: evidenceOf(book, forbidden, allowed.inWords({ 'lost-window': places.inWords() })),
  };
}

/** How much of its partition might have gone: the total tells nothing of that. */
function roomFor({ circumstances }: Book, { partition, fault }: Loss): string {
  const exposure = fault && circumstances.exposures.get(fault.fault);
  const unsafe = exposure?.byPartition[partition];
  return unsafe === undefined ? '' : ` (not yet safe in p${partition}: ${count(unsafe)})`;
}

function lossKind(loss: Legality): string {
  switch (loss.legality) {
    case 'allowed':
      return 'lost-window';
    case 'beyond':
      return 'lost-beyond-window';
    case 'forbidden':
      return `lost-${loss.place}`;
  }
}

function findVanishedUnacked(book: Book, forbidden: Tally, allowed: Tally): void {
  const { messages, copies } = book;
  const excused = legalLossOf(book).mayVanish;
  messages.forEach((id, marks) => {
    if ((marks & (Mark.ok | Mark.fail | Mark.inLog)) !== 0 || !book.wasGivenToAny(id)) return;
    const partition = messages.partition(id);
    if (copies.copy(0, partition)?.complete !== true) return;
    const kind = excused ? 'vanished-unacked-window' : 'vanished-unacked';
    (excused ? allowed : forbidden).add(kind, () => book.witness(id));
  });
}

function findLostOnNodes(book: Book, forbidden: Tally): void {
  const { copies, messages, circumstances } = book;
  if (!circumstances.capabilities.readEachReplica) return;
  for (const node of copies.nodes()) {
    for (const copy of copies.copiesOf(node)) {
      const log = copies.copy(0, copy.partition);
      if (log === undefined) continue;
      eachDifference(log, copy, sharedRange(log, copy), ({ left }) => {
        if (!isMessage(left) || (messages.marks(left) & Mark.ok) === 0) return;
        forbidden.add('lost-on-node', () => `${book.witness(left)}, not on node ${node}`);
      });
    }
  }
}

function doubtsOf(book: Book, unclear: number): string[] {
  const doubts: string[] = [];
  if (unclear > 0) {
    const were = counted(unclear, 'acked message is', 'acked messages are');
    doubts.push(
      `${were} lost, and whether that was allowed cannot be told: they were sent or acked while a ` +
        `fault took effect, as closely as the clocks of workers and harness compare`,
    );
  }
  const { unjudged } = book.loss;
  if (unjudged > 0) {
    doubts.push(
      `${counted(unjudged, 'acked message was', 'acked messages were')} not found, ` +
        'but their partition was not read to its end',
    );
  }
  for (const { injection, promise, exposure } of book.loss.suspects) {
    if (promise.loss !== 'window' || exposure !== undefined) continue;
    const { messages } = windowOf(book, injection);
    if (messages === 0) continue;
    doubts.push(
      `nobody measured how many messages were not yet safe at ${describeInjection(injection)}, ` +
        `so that the ${count(messages)} lost cannot be held against it`,
    );
  }
  if (!book.oneClock && book.loss.count > 0 && book.timeline.nodeFaults().length > 0) {
    doubts.push(
      'workers and harness have different clocks, so that losses and faults cannot be matched',
    );
  }
  return doubts;
}

function evidenceOf(book: Book, forbidden: Tally, allowed: string): string {
  let acked = 0;
  book.messages.forEach((_, marks) => {
    if ((marks & Mark.ok) !== 0) acked++;
  });
  const copies = book.copies.copiesOf(0).filter(({ complete }) => complete);
  const records = copies.reduce((sum, { length }) => sum + length, 0);
  const seen =
    `${counted(acked, 'message')} acked, ${counted(records, 'record')} read from ` +
    counted(copies.length, 'partition');
  const excuse = allowed === '' ? '' : `; allowed in this mode: ${allowed}`;
  const outcome = forbidden.count() > 0 ? forbidden.inWords() : `${count(book.loss.count)} lost`;
  return `${seen}: ${outcome}${excuse}`;
}
