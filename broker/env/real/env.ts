import type { Env } from '../env.ts';
import { RealClock } from './clock.ts';
import { RealDisk } from './disk.ts';
import { RealNetwork } from './network.ts';
import { RealRandom } from './random.ts';

/** The outside world as it is, with files below `rootDirectory`. */
export function realEnv(rootDirectory: string): Env {
  return {
    clock: new RealClock(),
    disk: new RealDisk(rootDirectory),
    network: new RealNetwork(),
    random: new RealRandom(),
  };
}
