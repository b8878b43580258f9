import { mkdirSync } from 'node:fs';
import type { NodeStorage } from '../../node-storage.ts';

/** A folder per node: a process that dies loses nothing, since the kernel keeps what it wrote. */
export function plainStorage(directoryOf: (node: number) => string): NodeStorage {
  return {
    form: 'plain',
    async prepare(node) {
      mkdirSync(directoryOf(node), { recursive: true });
    },
    configOf: (node) => ({ dataDirectory: directoryOf(node) }),
    disk: (node) => ({ form: 'plain', directory: directoryOf(node) }),
    close: () => Promise.resolve(),
  };
}
