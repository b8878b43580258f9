import { Mark } from './book/messages.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** A send that failed certainly had no effect; a send that may have had one is unknown.
 *
 * **Guarantee.** What failed is never seen: not in the final read of the log, not by a consumer.
 *
 * **Anomaly.** `aborted-read` (Adya's G1a): a failed message in the log or in a delivery. Either
 * the broker said no and stored it, or the driver says "failed" where it does not know.
 */
export const abortedRead: Checker = {
  name: 'aborted-read',
  description: 'what failed is never read',
  notApplicable: () => undefined,
  watch: (book) => ({
    finish() {
      const forbidden = new Tally();
      let failed = 0;
      book.messages.forEach((id, marks) => {
        if ((marks & Mark.fail) === 0) return;
        failed++;
        const inLog = (marks & Mark.inLog) !== 0;
        if (!inLog && !book.wasGivenToAny(id)) return;
        forbidden.add(
          'aborted-read',
          () => `${book.witness(id)}, yet ${inLog ? 'in the log' : 'delivered'}`,
        );
      });
      return {
        forbidden,
        allowed: new Tally(),
        doubts: [],
        evidence:
          `${counted(failed, 'failed send')}: ` + `${count(forbidden.count())} of them were read`,
      };
    },
  }),
};
