import { bridge } from './bridge.ts';
import { cut } from './cut.ts';
import { delay } from './delay.ts';
import type { Fault } from './fault.ts';
import { kill } from './kill.ts';
import { pause } from './pause.ts';
import { powerCut } from './power-cut.ts';
import { reset } from './reset.ts';
import { restart } from './restart.ts';
import { stop } from './stop.ts';

/** Every fault that a scenario can name, in the order of `ackworth list`. */
export const faults: readonly Fault[] = [
  kill,
  stop,
  pause,
  restart,
  powerCut,
  cut,
  bridge,
  delay,
  reset,
];
