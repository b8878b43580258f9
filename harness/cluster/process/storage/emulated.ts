import { mkdirSync } from 'node:fs';
import { cutPower, layoutOf, SimRandom } from '../../../../broker/index.ts';
import type { NodeStorage } from '../../node-storage.ts';

/**
 * A folder per node in which the broker's disk part keeps account of what its syncs covered. It
 * needs nothing of the machine, and trusts that part of the broker.
 */
export function emulatedStorage(directoryOf: (node: number) => string): NodeStorage {
  return {
    form: 'emulated',
    async prepare(node) {
      mkdirSync(directoryOf(node), { recursive: true });
    },
    configOf: (node) => ({ dataDirectory: directoryOf(node), storage: 'emulated' }),
    disk(node) {
      const root = directoryOf(node);
      return {
        form: 'emulated',
        root,
        directory: layoutOf(root).live,
        cutPower: (seed) => cutPower({ root, random: new SimRandom(seed) }),
      };
    },
    close: () => Promise.resolve(),
  };
}
