import type { Plan } from '../scenario/plan-types.ts';

/**
 * What a broker promises in a durability mode when a node fault hits: the table behind every
 * judgement of loss. A fault or a broker that is not in the table is held to `none`: whoever adds
 * one says what it may lose, or is told by a failing run.
 */
export type LossPromise = NoLoss | WindowLoss;

export interface NoLoss {
  readonly loss: 'none';
}

/**
 * May lose a contiguous tail of each partition, as it was when the fault hit; a prefix or a hole
 * never. Nothing exposed means that nothing was tested.
 */
export interface WindowLoss {
  readonly loss: 'window';
  /** Readers see only what no such fault can take back, so that nothing delivered may vanish. */
  readonly deliveredIsSafe: boolean;
  /** What bounds the window, in words. */
  readonly bound: string;
}

interface Row {
  readonly faults: readonly string[];
  readonly flush: readonly Flush[];
  readonly replication: readonly Replication[];
  readonly promise: LossPromise;
}

type Flush = Plan['scenario']['topic']['flush'];
type Replication = Plan['scenario']['topic']['replication'];

const anyFlush: readonly Flush[] = ['sync', 'async', 'os'];
/** They end or stop a process; its page cache survives, so the flush mode makes no difference. */
const processFaults = ['kill', 'stop', 'pause', 'restart'];

const tables: Readonly<Record<string, readonly Row[]>> = {
  reference: [
    {
      faults: processFaults,
      flush: anyFlush,
      replication: ['none', 'quorum'],
      promise: { loss: 'none' },
    },
    {
      faults: processFaults,
      flush: anyFlush,
      replication: ['async'],
      promise: {
        loss: 'window',
        deliveredIsSafe: true,
        bound: 'what the followers lacked when the fault took effect',
      },
    },
  ],
};

/** The promise that holds when `fault` hits a node of the planned topic. */
export function promiseOf(plan: Plan, fault: string): LossPromise {
  const { flush, replication } = plan.scenario.topic;
  const row = tables[plan.target]?.find(
    (candidate) =>
      candidate.faults.includes(fault) &&
      candidate.flush.includes(flush) &&
      candidate.replication.includes(replication),
  );
  return row?.promise ?? { loss: 'none' };
}
