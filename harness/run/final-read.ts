import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from '../driver/driver.ts';
import { EntryFlag } from '../history/format.ts';
import { HistoryWriter } from '../history/writer.ts';
import { PayloadReader } from '../load/payload.ts';
import { clockDomain, monotonicNanos } from '../measure/clock.ts';
import type { LogEnds } from './drain.ts';

export interface FinalReadOptions {
  readonly session: Session;
  readonly run: string;
  readonly historyDirectory: string;
  /** 0 = through the leaders; otherwise that node's own copy. */
  readonly node: number;
  readonly partitions: number;
  /** A copy that ends before these is read again until the time is over: it may be catching up. */
  readonly ends: readonly LogEnds[];
  readonly patienceMs: number;
}

/**
 * Reads the log from start to end into a history file of its own, `reader-<node>`. A try that came
 * to nothing or ended early leaves no file behind while there is time for another; the last one is
 * kept as it is, and its `read-end` events say what is missing. Returns the ends, empty if unknown.
 */
export async function finalRead(options: FinalReadOptions): Promise<readonly LogEnds[]> {
  const deadline = monotonicNanos() + options.patienceMs * 1e6;
  for (;;) {
    const { file, ends } = await readOnce(options);
    const short = options.ends.some(({ endOffset }, partition) => {
      const found = ends[partition];
      return found !== undefined && found.endOffset >= 0 && found.endOffset < endOffset;
    });
    if ((ends.length > 0 && !short) || monotonicNanos() > deadline) return ends;
    rmSync(file);
    await sleep(500);
  }
}

async function readOnce(
  options: FinalReadOptions,
): Promise<{ file: string; ends: readonly LogEnds[] }> {
  const { node, run, session, partitions } = options;
  const worker = `reader-${node}`;
  const file = join(options.historyDirectory, `${worker}.ackh`);
  const header = {
    version: 1,
    run,
    worker,
    role: 'reader',
    clockDomain: clockDomain(),
    numbers: [],
  } as const;
  const history = new HistoryWriter(file, header);
  const payload = new PayloadReader(run);
  let ends: readonly LogEnds[] = [];
  let reason = '';
  try {
    const result = await session.readAll({
      ...(node === 0 ? {} : { node }),
      onRecord: (record) => {
        payload.read(record.payload);
        const flags =
          (payload.intact ? EntryFlag.intact : 0) | (payload.foreign ? EntryFlag.foreign : 0);
        const { producer, sequence, key } = payload;
        history.read(node, record.partition, record.offset, flags, producer, sequence, key);
      },
    });
    ends = result.partitions;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
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
  return { file, ends };
}
