import type { Env } from '../env.ts';
import { realEnv } from '../real/env.ts';
import { EmulatedDisk } from './disk.ts';

/** The outside world as it is, with a disk below `rootDirectory` whose power can be cut. */
export function emulatedEnv(rootDirectory: string): Env {
  return { ...realEnv(rootDirectory), disk: new EmulatedDisk(rootDirectory) };
}
