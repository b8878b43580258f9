import { BrokerError } from '../errors.ts';
import { DiskError } from '../env/disk.ts';
import type { Disk, DiskFile } from '../env/disk.ts';

/**
 * Syncs that are fatal when they fail. After a failed sync the kernel may have dropped what was
 * dirty and report success the next time, so a sync is never tried again (Rebello et al., "Can
 * Applications Recover from fsync Failures?", 2020).
 */
export async function syncFile(file: DiskFile): Promise<void> {
  try {
    await file.sync();
  } catch (error) {
    throw diskFailed('A sync failed, so what was written may be lost', error);
  }
}

export async function syncDirectory(disk: Disk, directory: string): Promise<void> {
  try {
    await disk.syncDirectory(directory);
  } catch (error) {
    throw diskFailed('A sync of a directory failed, so files may be lost', error);
  }
}

export function diskFailed(what: string, cause: unknown): BrokerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BrokerError('disk-failed', `${what}: ${why}.`, { cause });
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof DiskError && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

/** Writes a whole file so that a crash leaves either none of it or all of it under its name. */
export async function writeWhole(
  disk: Disk,
  options: { readonly directory: string; readonly name: string; readonly chunks: Buffer[] },
): Promise<DiskFile> {
  const path = `${options.directory}/${options.name}`;
  const file = await disk.open(`${path}.tmp`, { create: true });
  try {
    await file.truncate(0);
    await file.write(0, options.chunks);
    await syncFile(file);
    await disk.rename(`${path}.tmp`, path);
    await syncDirectory(disk, options.directory);
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  return file;
}
