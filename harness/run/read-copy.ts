import { join } from 'node:path';
import type { Session } from '../driver/driver.ts';
import type { HistoryHeader } from '../history/events.ts';
import { EntryFlag } from '../history/format.ts';
import { HistoryWriter } from '../history/writer.ts';
import { PayloadReader } from '../load/payload.ts';
import { clockDomain } from '../measure/clock.ts';
import type { LogEnds } from './drain.ts';
import type { StopSwitch } from './stop-switch.ts';

export interface ReadCopyOptions {
  readonly session: Pick<Session, 'readAll'>;
  readonly run: string;
  readonly historyDirectory: string;
  /** Of the history file that takes what is read. */
  readonly worker: string;
  readonly role: HistoryHeader['role'];
  /** 0 = through the leaders; otherwise that node's own copy. */
  readonly node: number;
  readonly partitions: number;
  readonly patienceMs?: number;
  /** Cuts the read short; without it, it goes on whatever becomes of the run. */
  readonly stop?: Pick<StopSwitch, 'unlessStopped'>;
}

export interface CopyRead {
  readonly file: string;
  /** Index = partition; empty when the end was not reached. */
  readonly ends: readonly LogEnds[];
  readonly records: number;
  /** Of those, records that do not match their checksum. */
  readonly damaged: number;
  /** Why the end was not reached; '' when it was. */
  readonly reason: string;
}

/**
 * Reads a copy of the log from start to end into a history file of its own, which is whole and
 * closed however the read ended. Whatever it meets is an answer.
 */
export async function readCopy(options: ReadCopyOptions): Promise<CopyRead> {
  const { node, run, session, partitions, worker, role, patienceMs, stop } = options;
  const file = join(options.historyDirectory, `${worker}.ackh`);
  const domain = clockDomain();
  const header = { version: 1, run, worker, role, clockDomain: domain, numbers: [] } as const;
  const history = new HistoryWriter(file, header);
  const payload = new PayloadReader(run);
  let ends: readonly LogEnds[] = [];
  let records = 0;
  let damaged = 0;
  let reason = '';
  let isOver = false;
  try {
    const reading = session.readAll({
      ...(node === 0 ? {} : { node }),
      ...(patienceMs === undefined ? {} : { patienceMs }),
      onRecord: (record) => {
        if (isOver) return;
        payload.read(record.payload);
        const flags =
          (payload.intact ? EntryFlag.intact : 0) | (payload.foreign ? EntryFlag.foreign : 0);
        const { producer, sequence, key } = payload;
        history.read(node, record.partition, record.offset, flags, producer, sequence, key);
        records++;
        if (!payload.intact) damaged++;
      },
    });
    ends = (await (stop?.unlessStopped(reading) ?? reading)).partitions;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  isOver = true;
  for (let partition = 0; partition < partitions; partition++) {
    const { startOffset = -1, endOffset = -1 } = ends[partition] ?? {};
    const complete = reason === '' && endOffset >= 0;
    const why = reason === '' ? 'the node has no copy' : reason;
    const event = {
      type: 'read-end',
      node,
      partition,
      startOffset,
      endOffset,
      complete,
      reason: complete ? '' : why,
    } as const;
    history.event(event);
  }
  history.close();
  return { file, ends, records, damaged, reason };
}
