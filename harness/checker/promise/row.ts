import type { Plan } from '../../scenario/plan-types.ts';
import type { Harm, Scope } from './harm.ts';

/**
 * What a broker promises in a durability mode when a node fault hits: the table behind every
 * judgement of loss, per driver. A fault or a broker that is not in it is held to `none`: whoever
 * adds one says what it may lose, or is told by a failing run.
 */
export type LossPromise = NoLoss | SomeLoss;

export interface NoLoss {
  readonly loss: 'none';
}

/**
 * May lose a contiguous tail of each partition, as it was when the fault hit; a prefix or a hole
 * never. Nothing exposed means that nothing was tested.
 */
export interface SomeLoss {
  /**
   * `window`: of what was acked before the exposure was measured, in each partition at most its
   * exposure; what was acked from then on, until the fault took effect, may all go. `may`: no bound.
   */
  readonly loss: 'window' | 'may';
  /**
   * What is asked of the broker right before the injection: how many acked messages would not be
   * held by a majority if the victims lost `all` they have, or what they had not `unsynced`; or
   * how many are not held by one already, whoever leads next (`lag`).
   */
  readonly exposes: 'all' | 'unsynced' | 'lag';
  /** Also: acked no earlier than the flush interval plus the longest sync before that. */
  readonly withinFlushInterval: boolean;
  /**
   * For that where the broker cannot be asked: no sync is believed to take longer; ms. Left out where
   * it can.
   */
  readonly syncMsMax?: number;
  /**
   * The tail may be the whole log of a partition; else something that was acked before the fault
   * must have survived in it.
   */
  readonly mayTakeAll: boolean;
  /** What is acked while the fault is active may go as well. */
  readonly lasts: boolean;
  /** Readers see only what no such fault can take back, so that nothing delivered may vanish. */
  readonly deliveredIsSafe: boolean;
  /**
   * The broker keeps the cursors of groups apart from the log, and one may come back ahead of a log
   * that has lost its end: what is then stored anew at positions that the group had behind it, the
   * cursor passes over. In words, with the place where the broker's makers say so; left out where
   * a group is owed whatever is stored after the fault.
   */
  readonly cursorsAhead?: string;
  /**
   * A replica that kept what the others lost may stay apart from them for a while, and a group that
   * is served from it is given what the log has lost, in place of what was stored anew at the same
   * positions. In words, with the place where it was reported; left out as above.
   */
  readonly splitBrain?: string;
  /** What bounds the loss, in words. */
  readonly bound: string;
}

export interface Row {
  readonly harm: readonly Harm[];
  readonly scope: readonly Scope[];
  readonly flush: readonly Flush[];
  readonly replication: Replication;
  readonly promise: SomeLoss;
}

type Flush = Plan['scenario']['topic']['flush'];
type Replication = Plan['scenario']['topic']['replication'];
