import { mkdirSync } from 'node:fs';
import { cutPower, layoutOf, SimRandom } from '../../../../broker/index.ts';
import type { EmulatedDisk, NodeStorage } from '../../node-storage.ts';
import { Misbehaviours } from './misbehaviours.ts';

/**
 * A folder per node in which the broker's disk part keeps account of what its syncs covered. It
 * needs nothing of the machine, and trusts that part of the broker.
 */
export function emulatedStorage(directoryOf: (node: number) => string): NodeStorage {
  const disks = new Map<number, EmulatedDisk>();
  return {
    form: 'emulated',
    async prepare(node) {
      mkdirSync(directoryOf(node), { recursive: true });
    },
    configOf: (node) => ({ dataDirectory: directoryOf(node), storage: 'emulated' }),
    disk(node) {
      let disk = disks.get(node);
      if (disk === undefined) disks.set(node, (disk = emulatedDisk(directoryOf(node))));
      return disk;
    },
    close: () => Promise.resolve(),
  };
}

function emulatedDisk(root: string): EmulatedDisk {
  const misbehaviours = new Misbehaviours(root);
  return {
    form: 'emulated',
    root,
    directory: layoutOf(root).live,
    cutPower: (seed) => cutPower({ root, random: new SimRandom(seed) }),
    misbehave: (change) => misbehaviours.request(change),
    account: () => misbehaviours.account(),
  };
}
