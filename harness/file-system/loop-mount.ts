import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../errors.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { command } from './commands.ts';
import type { FileSystemKind } from './kinds.ts';
import { holdersOf, imageOf, loopsBelow, mountsBelow } from './mount-table.ts';
import { removeEmpty } from './remove-empty.ts';

export interface LoopMount {
  /** A file that holds a file system. */
  readonly image: string;
  readonly directory: string;
  readonly fileSystem: FileSystemKind;
}

const busyMsMax = 3_000;
/** A container takes that long to start where little is left of the machine. */
const elsewhereMsMax = 10_000;

/**
 * Idempotent. The kernel gives the loop device back with the unmount. Rejects while the file system
 * of the image lives on somewhere, as `unmount` does: it would be that one.
 */
export async function mount({ image, directory, fileSystem }: LoopMount): Promise<void> {
  if (isMounted(directory)) return;
  await gone(directory, () => loopsBelow(image).length === 0);
  await command('mount', '-t', fileSystem, '-o', 'loop', image, directory);
}

/**
 * From here on every access fails, and nothing that was not synced reaches the image any more: the
 * journal is not flushed either. Of a mounted file system, whoever uses it.
 */
export async function shutDown(directory: string): Promise<void> {
  await command('xfs_io', '-x', '-c', 'shutdown', directory);
}

/**
 * Idempotent. Once it resolves the file system is gone from the kernel, so that whoever mounts the
 * image again finds what is in it: another mount namespace, such as that of a container which just
 * starts, has a copy of every mount, and would hand back a file system that was shut down. Rejects
 * with a sentence that says who holds it, if that does not end soon.
 */
export async function unmount(directory: string): Promise<void> {
  const device = mountsBelow(directory).at(-1)?.device;
  const image = device === undefined ? undefined : imageOf(device);
  const deadline = monotonicNanos() + busyMsMax * 1e6;
  while (isMounted(directory)) {
    try {
      await command('umount', directory);
    } catch (error) {
      if (monotonicNanos() > deadline) throw busy(directory, error);
      await sleep(20);
    }
  }
  if (device === undefined || image === undefined) return;
  await gone(directory, () => imageOf(device) !== image);
}

async function gone(directory: string, isGone: () => boolean): Promise<void> {
  const deadline = monotonicNanos() + elsewhereMsMax * 1e6;
  while (!isGone()) {
    if (monotonicNanos() > deadline) throw heldElsewhere(directory);
    await sleep(5);
  }
}

/** Mounts below a directory of images that lie below it as well: none but those of a run. */
export function imagesMountedBelow(directory: string): string[] {
  const devices = new Set(loopsBelow(directory).map(({ device }) => device));
  return mountsBelow(directory)
    .filter(({ device }) => devices.has(device))
    .map((mounted) => mounted.directory);
}

/**
 * Unmounts the images below a directory that are mounted there and gives back their loop devices.
 * What somebody holds on to is detached at once and goes when they let go: a sentence says who.
 * What was not synced is lost.
 */
export async function releaseBelow(directory: string): Promise<string[]> {
  const problems: string[] = [];
  for (const mounted of imagesMountedBelow(directory)) {
    // Its data are of no use any more, and writing them back takes long.
    await shutDown(mounted).catch(() => undefined);
    try {
      await unmount(mounted);
    } catch (error) {
      problems.push(`${reasonOf(error)}; it is detached and goes when they let go of it`);
      if (isMounted(mounted))
        await command('umount', '--lazy', mounted).catch((failed: unknown) =>
          problems.push(reasonOf(failed)),
        );
    }
    removeEmpty(mounted);
  }
  for (const { device } of loopsBelow(directory))
    await command('losetup', '--detach', device).catch(() => undefined);
  return problems;
}

export function isMounted(directory: string): boolean {
  return mountsBelow(directory).length > 0;
}

function busy(directory: string, cause: unknown): HarnessError {
  const holders = holdersOf(directory);
  const who = holders.length === 0 ? reasonOf(cause) : `held by ${holders.join(', ')}`;
  return new HarnessError('environment', `${directory} cannot be unmounted: ${who}`, { cause });
}

function heldElsewhere(directory: string): HarnessError {
  const who = 'another mount namespace, such as that of a container, still has it mounted';
  return new HarnessError('environment', `${directory} is unmounted here, but ${who}`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
