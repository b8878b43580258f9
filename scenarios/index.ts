import type { ScenarioInput } from '../harness/index.ts';
import { consumerKill } from './consumer-kill.ts';
import { corruption } from './corruption.ts';
import { diskFull } from './disk-full.ts';
import { durability } from './durability.ts';
import { lazySync } from './lazy-sync.ts';
import { leaderKill } from './leader-kill.ts';
import { partKill } from './part-kill.ts';
import { partition } from './partition.ts';
import { pauseKill } from './pause-kill.ts';
import { pauseLeader } from './pause-leader.ts';
import { powerCut } from './power-cut.ts';
import { rollingRestart } from './rolling-restart.ts';
import { steady } from './steady.ts';
import { syncError } from './sync-error.ts';
import { tour } from './tour.ts';

/** The scenarios that come with Ackworth, in the order of `ackworth list`. */
export const scenarios: readonly ScenarioInput[] = [
  tour,
  steady,
  leaderKill,
  consumerKill,
  rollingRestart,
  pauseLeader,
  powerCut,
  lazySync,
  diskFull,
  syncError,
  corruption,
  partition,
  partKill,
  pauseKill,
  durability,
];
