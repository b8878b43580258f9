import { existsSync, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeImage } from '../../../file-system/image.ts';
import type { FileSystemKind } from '../../../file-system/kinds.ts';
import type { Supervisor } from '../../../supervisor/supervisor.ts';
import type { NodeStorage } from '../../node-storage.ts';

export interface LoopStorageOptions {
  readonly form: FileSystemKind;
  readonly sizeBytes: number;
  /** Mounts and unmounts, also when nobody else is left to. */
  readonly supervisor: Supervisor;
  /** Where a node's file system is mounted; its image stands beside it. */
  readonly directoryOf: (node: number) => string;
}

/** A real file system per node, in a file, so that the power of each can be cut. Needs root. */
export function loopStorage(options: LoopStorageOptions): NodeStorage {
  const { form, sizeBytes, supervisor, directoryOf } = options;
  const prepared = new Set<number>();
  const imageOf = (node: number): string => `${directoryOf(node)}.${form}`;
  // Beside the node's data there is what the file system (lost+found) and probes leave.
  const dataOf = (node: number): string => join(directoryOf(node), 'data');
  const mount = (node: number): Promise<number> =>
    supervisor.mount({ image: imageOf(node), directory: directoryOf(node), fileSystem: form });
  return {
    form,
    async prepare(node) {
      mkdirSync(directoryOf(node), { recursive: true });
      if (!existsSync(imageOf(node))) await makeImage(imageOf(node), form, sizeBytes);
      prepared.add(node);
      await mount(node);
      mkdirSync(dataOf(node), { recursive: true });
      await syncDirectory(directoryOf(node));
    },
    configOf: (node) => ({ dataDirectory: dataOf(node) }),
    disk: (node) => ({
      form,
      directory: dataOf(node),
      mountPoint: directoryOf(node),
      armShutDown: () => supervisor.armShutDown(directoryOf(node)),
      freezeAndShutDown: (files) =>
        supervisor.cutPower({ name: `node-${node}`, directory: directoryOf(node), files }),
      shutDown: () => supervisor.shutDown(directoryOf(node)),
      unmount: () => supervisor.unmount(directoryOf(node)),
      mount: () => mount(node),
    }),
    async close() {
      await Promise.all([...prepared].map((node) => supervisor.unmount(directoryOf(node))));
    },
  };
}

/** What the harness made has to be there after a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
