import type { Fault } from './fault.ts';
import { kill } from './kill.ts';
import { pause } from './pause.ts';
import { powerCut } from './power-cut.ts';
import { restart } from './restart.ts';
import { stop } from './stop.ts';

/** Every fault that a scenario can name, in the order of `ackworth list`. */
export const faults: readonly Fault[] = [kill, stop, pause, restart, powerCut];
