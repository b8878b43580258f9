import { rmSync } from 'node:fs';
import type { Session } from '../driver/driver.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { LogEnds } from './drain.ts';
import { readCopy } from './read-copy.ts';
import type { StopSwitch } from './stop-switch.ts';

/** In which one try has nothing come. */
const tryMsMax = 10_000;

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
  readonly stop: Pick<StopSwitch, 'thrown' | 'unlessStopped' | 'sleep'>;
}

/**
 * Reads the log from start to end into a history file of its own, `reader-<node>`. A try that came
 * to nothing or ended early leaves no file behind while there is time for another; the last one is
 * kept as it is, and its `read-end` events say what is missing. Returns the ends, empty if unknown.
 * When the run is to end the present try is the last one.
 */
export async function finalRead(options: FinalReadOptions): Promise<readonly LogEnds[]> {
  const deadline = monotonicNanos() + options.patienceMs * 1e6;
  for (;;) {
    const { session, run, historyDirectory, node, partitions, stop } = options;
    const worker = `reader-${node}`;
    const copy = {
      session,
      run,
      historyDirectory,
      worker,
      role: 'reader',
      node,
      partitions,
      patienceMs: Math.min(options.patienceMs, tryMsMax),
      stop,
    } as const;
    const { file, ends, damaged } = await readCopy(copy);
    // What a later try does not meet was there all the same.
    if (damaged > 0) return ends;
    const short = options.ends.some(({ endOffset }, partition) => {
      const found = ends[partition];
      return found !== undefined && found.endOffset >= 0 && found.endOffset < endOffset;
    });
    const last = stop.thrown || monotonicNanos() > deadline;
    if ((ends.length > 0 && !short) || last) return ends;
    rmSync(file);
    await stop.sleep(100);
  }
}
