import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { HarnessError } from '../errors.ts';
import { command } from './commands.ts';
import { fileSystemBytesMin, type FileSystemKind } from './kinds.ts';

const mebibyte = 1024 ** 2;

/**
 * A file that holds an empty file system. Its room is taken at once, since a host disk that fills
 * up later would look to the node like a broken disk of its own. Rejects with one sentence.
 */
export async function makeImage(
  image: string,
  fileSystem: FileSystemKind,
  sizeBytes: number,
): Promise<void> {
  try {
    await command('fallocate', '--length', String(sizeBytes), image);
    await makeFileSystem(image, fileSystem);
  } catch (error) {
    rmSync(image, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    const what = `an ${fileSystem} of ${Math.round(sizeBytes / mebibyte)} MiB in ${image}`;
    throw new HarnessError('environment', `cannot make ${what}: ${reason}`, { cause: error });
  }
}

/** As `makeImage`, for a trial: it takes no room but what is written to it. */
export async function makeSparseImage(image: string, fileSystem: FileSystemKind): Promise<void> {
  writeFileSync(image, '');
  truncateSync(image, fileSystemBytesMin[fileSystem]);
  await makeFileSystem(image, fileSystem);
}

/** The room stays taken: nothing is discarded. */
async function makeFileSystem(image: string, fileSystem: FileSystemKind): Promise<void> {
  if (fileSystem === 'ext4') await command('mkfs.ext4', '-q', '-F', '-E', 'nodiscard', image);
  else await command('mkfs.xfs', '-q', '-f', '-K', image);
}
