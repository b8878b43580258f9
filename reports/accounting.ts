import type { RunRecord } from '../harness/record/record.ts';
import { count } from './format.ts';
import { outOf } from './words.ts';

export interface AccountingRow {
  readonly name: string;
  readonly figure: string;
  readonly meaning: string;
  /** Must not happen where the mode promises better. */
  readonly harm: boolean;
  readonly amount: number;
}

/** Every class of message with one line on what it means. */
export function accountingRows({ accounting: sums }: RunRecord): AccountingRow[] {
  const row = (name: string, amount: number, figure: string, meaning: string, harm = false): AccountingRow =>
    ({ name, amount, figure, meaning, harm });
  return [
    row('sent', sums.sent, count(sums.sent), 'Handed to the broker’s client.'),
    row('acked', sums.acked, outOf(sums.acked, sums.sent, 'sent'), 'The broker said that it has them: the promise this run tests.'),
    row('failed', sums.failed, outOf(sums.failed, sums.sent, 'sent'), 'Refused: certainly without effect.'),
    row('unknown', sums.unknown, outOf(sums.unknown, sums.sent, 'sent'), 'Timed out or cut off: may be in the log, counts neither as loss nor as success.'),
    row('recovered', sums.recovered, outOf(sums.recovered, sums.unknown, 'unknown'), 'Unknown ones that turned out to be in the log.'),
    row('in the log', sums.inLog, count(sums.inLog), 'Distinct messages found by the final read.'),
    row('delivered', sums.delivered, outOf(sums.delivered, sums.inLog, 'in the log'), 'Distinct messages that reached a consumer.'),
    row('deliveries', sums.deliveries, count(sums.deliveries), 'All hand-overs, repeated ones included.'),
    row('redelivered', sums.redelivered, outOf(sums.redelivered, sums.deliveries, 'deliveries'), 'One position handed out again: expected after a consumer dies.'),
    row('lost', sums.lost, outOf(sums.lost, sums.acked, 'acked'), 'Acked, and absent from the final read of the log.', true),
    row('vanished', sums.vanished, outOf(sums.vanished, sums.acked, 'acked'), 'The part of lost that a consumer had already seen.', true),
    row('undelivered', sums.undelivered, outOf(sums.undelivered, sums.inLog, 'in the log'), 'In the log, never given to the group.', true),
    row('duplicates by the broker', sums.duplicatesBroker, outOf(sums.duplicatesBroker, sums.inLog, 'in the log'), 'One message at two positions although the broker should have known.', true),
    row('duplicates by retry', sums.duplicatesProducerRetry, outOf(sums.duplicatesProducerRetry, sums.inLog, 'in the log'), 'One message at two positions because its producer had to send again.'),
    row('reordered', sums.reordered, outOf(sums.reordered, sums.deliveries, 'deliveries'), 'Delivered after a later message of the same key.', true),
    row('never sent', sums.neverSent, outOf(sums.neverSent, sums.inLog, 'in the log'), 'In the log, and no producer of this run made it.', true),
    row('corrupted', sums.corrupted, outOf(sums.corrupted, sums.deliveries, 'deliveries'), 'The payload’s checksum does not match.', true),
  ];
}
