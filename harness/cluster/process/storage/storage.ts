import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Supervisor } from '../../../supervisor/supervisor.ts';
import type { NodeStorage, StorageForm } from '../../node-storage.ts';
import { emulatedStorage } from './emulated.ts';
import { loopStorage } from './loop.ts';
import { plainStorage } from './plain.ts';

export interface StorageOptions {
  readonly form: StorageForm;
  /** Of each node's own file system, where it has one. */
  readonly sizeBytes: number;
  readonly supervisor: Supervisor;
  /** Takes a folder per node. */
  readonly directory: string;
}

export function openStorage({
  form,
  sizeBytes,
  supervisor,
  directory,
}: StorageOptions): NodeStorage {
  mkdirSync(directory, { recursive: true });
  const directoryOf = (node: number): string => join(directory, `node-${node}`);
  switch (form) {
    case 'plain':
      return plainStorage(directoryOf);
    case 'emulated':
      return emulatedStorage(directoryOf);
    case 'ext4':
    case 'xfs':
      return loopStorage({ form, sizeBytes, supervisor, directoryOf });
  }
}
