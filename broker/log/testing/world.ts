import { strict as assert } from 'node:assert';
import type { BrokerError } from '../../errors.ts';
import { SimDisk } from '../../env/sim/disk.ts';
import { SimProcess } from '../../env/sim/process.ts';
import { SimRandom } from '../../env/sim/random.ts';
import { SimScheduler } from '../../env/sim/scheduler.ts';
import { assignBatch, BatchKind, createBatch } from '../../protocol/batch.ts';
import type { Entry } from '../../raft/types.ts';
import { Log } from '../log.ts';
import type { LogOptions } from '../log.ts';

/** One simulated machine with one log on its disk, for tests. */
export class LogWorld {
  readonly scheduler = new SimScheduler();
  readonly process: SimProcess;
  readonly disk: SimDisk;
  readonly random: SimRandom;
  readonly failures: BrokerError[] = [];
  /** As reported, in order. */
  readonly persisted: number[] = [];

  constructor(seed = 1) {
    this.random = new SimRandom(seed);
    this.process = new SimProcess(this.scheduler);
    this.disk = new SimDisk({ scheduler: this.process, random: this.random.fork() });
  }

  /** Lets virtual time pass until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const end = (): void => {
      done = true;
    };
    work.then(end, end);
    await this.scheduler.run({ untilMs: Infinity, stop: () => done });
    assert(done, 'the work ends');
    return work;
  }

  pass(ms: number): Promise<void> {
    return this.scheduler.run({ untilMs: this.scheduler.nowMs() + ms });
  }

  open(options: Partial<LogOptions> = {}): Promise<Log> {
    const log = Log.open({
      disk: this.disk,
      clock: this.process,
      directory: 'group-1',
      flush: { mode: 'sync', intervalMs: 0 },
      segmentBytes: 4096,
      retentionBytes: 0,
      retentionMs: 0,
      cacheBytes: 1 << 20,
      onPersisted: (index) => this.persisted.push(index),
      onFailed: (error) => this.failures.push(error),
      ...options,
    });
    return this.run(log);
  }

  powerCut(): void {
    this.process.kill();
    this.disk.crash(this.random.fork());
  }

  kill(): void {
    this.process.kill();
    this.disk.kill(this.random.fork());
  }

  /** Waits until all that was appended is persisted. */
  settle(log: Log): Promise<void> {
    return this.run(
      new Promise<void>((resolve) => {
        const check = (): void => {
          if (log.persistedIndex === log.lastIndex) resolve();
          else this.process.setTimer(1, check);
        };
        check();
      }),
    );
  }
}

/** Entries that continue `log`; `bodies` gives their sizes in bytes. */
export function entriesAfter(
  log: { readonly lastIndex: number; readonly nextOffset: number },
  bodies: readonly number[],
  options: { readonly term?: number; readonly fill?: number; readonly kind?: BatchKind } = {},
): Entry[] {
  const term = options.term ?? 1;
  const kind = options.kind ?? BatchKind.records;
  let index = log.lastIndex;
  let baseOffset = log.nextOffset;
  return bodies.map((bytes) => {
    index++;
    const recordCount = kind === BatchKind.records ? 1 + (index % 3) : 0;
    const body = Buffer.alloc(bytes, options.fill ?? index);
    const batch = createBatch({ kind, recordCount, timestampMs: 1_700_000_000_000 }, body);
    assignBatch(batch, { baseOffset, term, index });
    baseOffset += recordCount;
    return { term, index, bytes: batch };
  });
}
