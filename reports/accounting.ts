import type { RunRecord } from '../harness/record/record.ts';
import { count, none, share } from './format.ts';
import { lossOf } from './words.ts';

/** A class of messages: never a bare 0, but `none` of how many. */
export interface AccountingRow {
  readonly name: string;
  readonly amount: number;
  /** `1,204`, `none`, or a dash where there was nothing to be counted from. */
  readonly figure: string;
  /** `of 364,348 acked, 0.330 %`. */
  readonly outOf: string;
  readonly meaning: string;
  /** Must not happen, unless the mode may lose. */
  readonly harm: boolean;
}

type Sums = RunRecord['accounting'];

const classes: readonly {
  readonly name: string;
  readonly amount: (sums: Sums) => number;
  readonly whole?: (sums: Sums) => number;
  readonly of?: string;
  readonly meaning: string;
  readonly harm?: boolean;
}[] = [
  {
    name: 'sent',
    amount: (sums) => sums.sent,
    meaning: 'Handed to the broker’s client.',
  },
  {
    name: 'acked',
    amount: (sums) => sums.acked,
    whole: (sums) => sums.sent,
    of: 'sent',
    meaning: 'The broker said that it has them: the promise that this run tests.',
  },
  {
    name: 'failed',
    amount: (sums) => sums.failed,
    whole: (sums) => sums.sent,
    of: 'sent',
    meaning: 'Refused: certainly without effect.',
  },
  {
    name: 'unknown',
    amount: (sums) => sums.unknown,
    whole: (sums) => sums.sent,
    of: 'sent',
    meaning: 'Timed out or cut off: may be in the log; neither loss nor success.',
  },
  {
    name: 'recovered',
    amount: (sums) => sums.recovered,
    whole: (sums) => sums.unknown,
    of: 'unknown',
    meaning: 'Unknown ones that turned out to be in the log.',
  },
  {
    name: 'in the log',
    amount: (sums) => sums.inLog,
    meaning: 'Distinct messages found by the final read.',
  },
  {
    name: 'delivered',
    amount: (sums) => sums.delivered,
    whole: (sums) => sums.inLog,
    of: 'in the log',
    meaning: 'Distinct messages that reached a consumer.',
  },
  {
    name: 'deliveries',
    amount: (sums) => sums.deliveries,
    meaning: 'All hand-overs, repeated ones included.',
  },
  {
    name: 'redelivered',
    amount: (sums) => sums.redelivered,
    whole: (sums) => sums.deliveries,
    of: 'deliveries',
    meaning: 'One position handed out again: expected after a consumer dies.',
  },
  {
    name: 'lost',
    amount: (sums) => sums.lost,
    whole: (sums) => sums.acked,
    of: 'acked',
    harm: true,
    meaning: 'Acked, and absent from the final read of the log.',
  },
  {
    name: 'vanished',
    amount: (sums) => sums.vanished,
    whole: (sums) => sums.acked,
    of: 'acked',
    harm: true,
    meaning: 'The part of lost that a consumer had already seen.',
  },
  {
    name: 'undelivered',
    amount: (sums) => sums.undelivered,
    whole: (sums) => sums.inLog,
    of: 'in the log',
    harm: true,
    meaning: 'In the log, never given to the group.',
  },
  {
    name: 'passed over',
    amount: (sums) => sums.passedOver,
    whole: (sums) => sums.inLog,
    of: 'in the log',
    meaning: 'The same, where the group was given what a fault took: the mode allows it.',
  },
  {
    name: 'duplicates by the broker',
    amount: (sums) => sums.duplicatesBroker,
    whole: (sums) => sums.inLog,
    of: 'in the log',
    harm: true,
    meaning: 'One message at two positions, although the broker should have known.',
  },
  {
    name: 'duplicates by retry',
    amount: (sums) => sums.duplicatesProducerRetry,
    whole: (sums) => sums.inLog,
    of: 'in the log',
    meaning: 'One message at two positions, since its producer had to send again.',
  },
  {
    name: 'reordered',
    amount: (sums) => sums.reordered,
    whole: (sums) => sums.deliveries,
    of: 'deliveries',
    harm: true,
    meaning: 'Delivered after a later message of the same key.',
  },
  {
    name: 'never sent',
    amount: (sums) => sums.neverSent,
    whole: (sums) => sums.inLog,
    of: 'in the log',
    harm: true,
    meaning: 'In the log, and no producer of this run made it.',
  },
  {
    name: 'corrupted',
    amount: (sums) => sums.corrupted,
    whole: (sums) => sums.deliveries,
    of: 'deliveries',
    harm: true,
    meaning: 'The payload’s checksum does not match.',
  },
];

/** Every class of message with one line on what it means. */
export function accountingRows(record: RunRecord): AccountingRow[] {
  const { accounting: sums } = record;
  const lossAllowed = lossOf(record) === 'allowed';
  return classes.map(({ name, amount, whole, of, meaning, harm }) => {
    const part = amount(sums);
    const total = whole?.(sums);
    return {
      name,
      amount: part,
      figure: part > 0 ? count(part) : total === 0 ? none : 'none',
      outOf: total === undefined || of === undefined ? '' : outOf(part, total, of),
      meaning,
      harm: harm === true && !(lossAllowed && (name === 'lost' || name === 'vanished')),
    };
  });
}

function outOf(part: number, whole: number, of: string): string {
  if (whole === 0)
    return of === 'in the log'
      ? 'nothing is in the log'
      : of === 'deliveries'
        ? 'no deliveries'
        : `nothing ${of}`;
  const text = `of ${count(whole)} ${of}`;
  return part === 0 || part > whole ? text : `${text}, ${share(part, whole)}`;
}
