import { constants } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { FileChange, TrackedFile } from './tracked-file.ts';

/**
 * Copies a file as the power cut leaves it: all its changes are undone, the last one first, and
 * those that survive are done again in their order.
 */
export async function rebuildFile(from: string, to: string, tracked: TrackedFile): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const file = await open(to, 'r+');
  try {
    const written = new Map<FileChange, Buffer>();
    for (const { change } of [...tracked.changes].reverse()) {
      if (change.kind === 'write') {
        written.set(change, await readAt(file, change.position, change.length));
        await writeAt(file, change.position, change.before);
      } else {
        await writeAt(file, change.size, change.before);
      }
      await file.truncate(change.sizeBefore);
    }
    for (const { change, bytes } of tracked.survivors) {
      if (change.kind === 'truncate') await file.truncate(change.size);
      else await writeAt(file, change.position, written.get(change)!.subarray(0, bytes));
    }
  } finally {
    await file.close();
  }
}

/** Shorter where the file ends: a write that the process did not live to finish. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

async function writeAt(file: FileHandle, position: number, bytes: Buffer): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
