import type { Book } from './book/book.ts';
import { lacksFinalRead, replicasOf } from './book/circumstances.ts';
import { stranger } from './book/log-copy.ts';
import type { LogCopy } from './book/log-copy.ts';
import { endOfLog, reachedIn } from './book/reached.ts';
import { counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** After the last phase everything is healed; the consumers catch up, and the log is read
 * to its end through the leaders and on every node that keeps a copy.
 *
 * **Guarantee.** None that a broker breaks: whoever is late may still come. But what the others
 * say of absence rests on this.
 *
 * **Doubts.** A partition that was not read to its end through the leaders; one of which fewer
 * copies than replicas could be read; a copy that ends elsewhere than the log; a read that found fewer
 * records than its offsets say; a group that did not reach the end of the log.
 */
export const drain: Checker = {
  name: 'drain',
  description: 'the final read is complete on every node, and the consumers caught up',
  notApplicable: () => undefined,
  watch: (book) => ({
    finish() {
      const doubts = [...doubtsOfReads(book), ...doubtsOfGroups(book)];
      const { partitions } = book.circumstances.plan.scenario.topic;
      const logs = book.copies.copiesOf(0).filter(({ complete }) => complete);
      const records = logs.reduce((sum, { length }) => sum + length, 0);
      return {
        forbidden: new Tally(),
        allowed: new Tally(),
        doubts,
        evidence:
          `${logs.length} of ${counted(partitions, 'partition')} read to the end ` +
          `(${counted(records, 'record')}), ${counted(book.copies.nodes().length, 'node')} read, ` +
          counted(book.groups.length, 'group'),
      };
    },
  }),
};

function doubtsOfReads(book: Book): string[] {
  const { circumstances, copies } = book;
  const { plan, capabilities } = circumstances;
  if (lacksFinalRead(circumstances) !== undefined) return [];
  const doubts: string[] = [];
  for (let partition = 0; partition < plan.scenario.topic.partitions; partition++) {
    const log = copies.copy(0, partition);
    if (log === undefined || !log.complete) {
      doubts.push(
        `partition ${partition} was not read to its end: ${log?.reason || 'it was not read'}`,
      );
    } else if (capabilities.denseOffsets && isShort(log)) {
      doubts.push(
        `partition ${partition} gave ${counted(log.length, 'record')} for offsets ` +
          `${log.startOffset} to ${log.endOffset - 1}`,
      );
    }
    if (!capabilities.readEachReplica) continue;
    const owned = copies.nodes().map((node) => copies.copy(node, partition));
    const complete = owned.filter((copy) => copy?.complete === true);
    const replicas = replicasOf(plan.scenario);
    if (complete.length < replicas) {
      doubts.push(
        `${complete.length} of ${replicas} copies of partition ${partition} were read to their end`,
      );
    }
    for (const copy of complete) {
      if (log?.complete !== true || copy === undefined || copy.endOffset === log.endOffset)
        continue;
      doubts.push(
        `partition ${partition} ends at ${copy.endOffset} on node ${copy.node}, and at ${log.endOffset} in the log`,
      );
    }
  }
  return doubts;
}

function isShort({ length, startOffset, endOffset, disordered }: LogCopy): boolean {
  return startOffset >= 0 && disordered === 0 && endOffset - startOffset !== length;
}

function doubtsOfGroups(book: Book): string[] {
  const doubts: string[] = [];
  for (const copy of book.copies.copiesOf(0)) {
    book.groups.forEach((group, number) => {
      if (copy.lastOffset >= 0) {
        const reached = reachedIn(book, copy, number);
        if (reached >= endOfLog(copy)) return;
        const how = reached < 0 ? 'was given nothing' : `stopped at ${reached}`;
        doubts.push(
          `${group} ${how} of partition ${copy.partition}, which ends at ${copy.lastOffset}`,
        );
      } else if (hasUngiven(book, copy, number)) {
        doubts.push(`${group} was not given all of the log`);
      }
    });
  }
  return doubts;
}

function hasUngiven(book: Book, copy: LogCopy, group: number): boolean {
  for (let index = 0; index < copy.length; index++) {
    const id = copy.id(index);
    if (id !== stranger && !book.wasGiven(id, group)) return true;
  }
  return false;
}
