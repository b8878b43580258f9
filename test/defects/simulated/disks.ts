import type { DiskFile } from '../../../broker/env/disk.ts';
import { DiskError } from '../../../broker/env/disk.ts';
import { Log, type LogOptions } from '../../../broker/log/log.ts';
import { PassingDisk, PassingFile } from '../passing-disk.ts';

/**
 * A file is synced and renamed to its name, but not the directory that holds the name. What syncs
 * the directory for another reason makes the name durable as well.
 */
export class NamesUnsynced extends PassingDisk {
  #renamed = false;

  override async rename(from: string, to: string): Promise<void> {
    await super.rename(from, to);
    // Whoever renamed asks for the sync before anyone else has a turn.
    this.#renamed = true;
  }

  override async syncDirectory(directory: string): Promise<void> {
    if (!this.#renamed) return super.syncDirectory(directory);
    this.#renamed = false;
  }
}

/** A sync that failed is taken for one that did not. */
export class FailuresUnheard extends PassingDisk {
  protected override around(file: DiskFile): DiskFile {
    return new DeafFile(file);
  }
}

class DeafFile extends PassingFile {
  override async sync(): Promise<void> {
    try {
      await super.sync();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }
}

/**
 * A hard state that was truncated is taken for none: a node that starts again has never voted, and
 * knows of no term.
 */
export class VotesTruncated extends PassingDisk {
  override async open(path: string, options?: { readonly create?: boolean }): Promise<DiskFile> {
    const isHardState = path.endsWith('/hard-state');
    if (isHardState) throw new DiskError('ENOENT', `${path} is empty`);
    return super.open(path, options);
  }
}

/** A snapshot that comes from a leader is installed without a sync of what it is written to. */
export async function openWithUnsyncedInstalls(options: LogOptions): Promise<Log> {
  const disk = new SnapshotsUnsynced(options.disk);
  const log = await Log.open({ ...options, disk });
  const install = log.install.bind(log);
  log.install = async (snapshot) => {
    disk.installs = true;
    await install(snapshot);
    disk.installs = false;
  };
  return log;
}

class SnapshotsUnsynced extends PassingDisk {
  installs = false;

  protected override around(file: DiskFile, path: string): DiskFile {
    if (!path.endsWith('.snapshot.tmp')) return file;
    const sync = file.sync.bind(file);
    return Object.assign(new PassingFile(file), {
      sync: async () => {
        if (!this.installs) await sync();
      },
    });
  }
}
