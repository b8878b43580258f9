import { abortedRead } from './aborted-read.ts';
import { corrupted } from './corrupted.ts';
import { drain } from './drain.ts';
import { duplicate } from './duplicate.ts';
import { inconsistentOffset } from './inconsistent-offset.ts';
import { lossWindow } from './loss-window.ts';
import { lost } from './lost.ts';
import { neverSent } from './never-sent.ts';
import { order } from './order.ts';
import { poll } from './poll.ts';
import { recovery } from './recovery.ts';
import { redelivery } from './redelivery.ts';
import { replicaDivergence } from './replica-divergence.ts';
import { undelivered } from './undelivered.ts';
import type { Checker } from './watch.ts';

/** All checkers, in the order in which a reader wants their verdicts. */
export const checkers: readonly Checker[] = [
  lost,
  duplicate,
  order,
  undelivered,
  redelivery,
  poll,
  neverSent,
  corrupted,
  abortedRead,
  inconsistentOffset,
  replicaDivergence,
  recovery,
  lossWindow,
  drain,
];
