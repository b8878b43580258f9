import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { makeDirectory } from '../run/make-directory.ts';
import { ownIdentity, type ProcessIdentity } from '../supervisor/process-table.ts';
import { missing } from './commands.ts';
import { makeSparseImage } from './image.ts';
import type { FileSystemKind } from './kinds.ts';
import { mount, releaseBelow, shutDown } from './loop-mount.ts';
import { removeEmpty } from './remove-empty.ts';

const trialPrefix = '.file-system-trial-';

/** Who tries in the folder of this name; undefined when it is none of a trial. */
export function ownerOfTrial(folderName: string): ProcessIdentity | undefined {
  if (!folderName.startsWith(trialPrefix)) return undefined;
  const [pid, startTime] = folderName.slice(trialPrefix.length).split('-').map(Number);
  return { pid: pid ?? 0, startTime: startTime ?? 0 };
}

/**
 * Whether file systems of this kind can be made, mounted and shut down here: makes a small one in
 * `directory` and does it. Resolves with what is missing and what to do about it, as a sentence, or
 * undefined when it works. Leaves nothing behind.
 */
export async function whatIsMissing(
  fileSystem: FileSystemKind,
  directory: string,
): Promise<string | undefined> {
  const lacking = lackingTools(fileSystem);
  if (lacking !== undefined) return lacking;
  const isNew = !existsSync(directory);
  const { pid, startTime } = ownIdentity();
  const folder = join(directory, `${trialPrefix}${pid}-${startTime}-${fileSystem}`);
  try {
    return await tryOut(fileSystem, folder);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await releaseBelow(folder);
    rmSync(folder, { recursive: true, force: true });
    if (isNew) removeEmpty(directory);
  }
}

function lackingTools(fileSystem: FileSystemKind): string | undefined {
  if (process.getuid?.() !== 0) {
    return `mounting needs root, and this is ${userInfo().username}: run as root, or take the emulated form`;
  }
  if (!existsSync('/dev/loop-control')) {
    return 'there is no loop device (/dev/loop-control): load the kernel module loop, or give the container its devices';
  }
  const programs = ['mount', 'umount', 'fallocate', 'xfs_io', `mkfs.${fileSystem}`];
  const absent = programs.find((program) => !isOnPath(program));
  return absent === undefined ? undefined : missing(absent);
}

async function tryOut(fileSystem: FileSystemKind, folder: string): Promise<string | undefined> {
  const image = join(folder, 'image');
  const directory = join(folder, 'mounted');
  makeDirectory(directory);
  await makeSparseImage(image, fileSystem);
  await mount({ image, directory, fileSystem });
  writeFileSync(join(directory, 'file'), 'written');
  await shutDown(directory);
  try {
    writeFileSync(join(directory, 'file'), 'written after the end');
  } catch {
    return undefined;
  }
  return `an ${fileSystem} that was shut down still takes writes on this kernel: take the emulated form`;
}

function isOnPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)));
}
