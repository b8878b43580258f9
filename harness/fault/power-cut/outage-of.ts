import type { Victim } from '../fault.ts';
import { emulatedOutage } from './emulated-outage.ts';
import type { Outage } from './outage.ts';
import { ownOutage } from './own-outage.ts';

/** The way in which the power of this node can be cut; throws where there is none. */
export function outageOf(victim: Victim, seed: number): Outage {
  const { name, disk } = victim;
  switch (disk?.form) {
    case 'emulated':
      return emulatedOutage(victim, disk, seed);
    case 'ext4':
    case 'xfs':
      return ownOutage(name, disk);
    default:
      throw new Error(
        `the power of ${name} cannot be cut: its storage is ${disk?.form ?? 'unknown'}`,
      );
  }
}
