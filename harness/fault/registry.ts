import { bitFlip } from './bit-flip.ts';
import { bridge } from './bridge.ts';
import { cpuLimit } from './cpu-limit.ts';
import { cut } from './cut.ts';
import { delay } from './delay.ts';
import { disconnect } from './disconnect.ts';
import { diskFull } from './disk-full.ts';
import type { Fault } from './fault.ts';
import { kill } from './kill.ts';
import { memoryLimit } from './memory-limit.ts';
import { missingFile } from './missing-file.ts';
import { pause } from './pause.ts';
import { powerCut } from './power-cut.ts';
import { reset } from './reset.ts';
import { restart } from './restart.ts';
import { slowDisk } from './slow-disk.ts';
import { stop } from './stop.ts';
import { syncError } from './sync-error.ts';
import { tornTail } from './torn-tail.ts';

/** Every fault that a scenario can name, in the order of `ackworth list`. */
export const faults: readonly Fault[] = [
  kill,
  stop,
  pause,
  restart,
  powerCut,
  diskFull,
  syncError,
  slowDisk,
  bitFlip,
  tornTail,
  missingFile,
  cut,
  bridge,
  delay,
  reset,
  disconnect,
  cpuLimit,
  memoryLimit,
];
