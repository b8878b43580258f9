import type { Disk } from '../../broker/env/disk.ts';
import { Log } from '../../broker/log/log.ts';
import type { Message } from '../../broker/raft/types.ts';
import { runNode } from '../../broker/server/run-node.ts';

const syncMs = 250;

/** Groups that this node leads, by the directories of their logs. */
const led = new Set<string>();

/**
 * A follower acks before its own sync: whatever it appends it reports as persisted at once, and its
 * disk takes 250 ms for a sync. As a leader it waits for its own. When the power of all goes, what
 * the majority had vouched for is synced on the old leader alone; the others are back first, elect
 * one of their own, and it is cut everywhere: `lost-tail`.
 */
await runNode(process.argv.slice(2), {
  outgoingMessage: (groupId, message) => {
    noteRole(groupId, message);
    return message;
  },
  openLog: async (options) => {
    const { directory, onPersisted } = options;
    let told = 0;
    const tell = (index: number): void => {
      told = Math.max(told, index);
      onPersisted(told);
    };
    const disk = slowUnless(() => led.has(directory), options.disk);
    const log = await Log.open({ ...options, disk, onPersisted: tell });
    const append = log.append.bind(log);
    log.append = (entries) => {
      append(entries);
      if (!led.has(directory)) setImmediate(() => tell(log.lastIndex));
    };
    const truncateAfter = log.truncateAfter.bind(log);
    log.truncateAfter = (index) => {
      told = Math.min(told, index);
      truncateAfter(index);
    };
    return log;
  },
});

function noteRole(groupId: number, { type }: Message): void {
  if (type === 'append') led.add(`group-${groupId}`);
  else if (type === 'append-response') led.delete(`group-${groupId}`);
}

function slowUnless(leads: () => boolean, disk: Disk): Disk {
  return {
    open: async (path, options) => {
      const file = await disk.open(path, options);
      const sync = file.sync.bind(file);
      file.sync = async () => {
        if (!leads()) await new Promise((resolve) => setTimeout(resolve, syncMs));
        await sync();
      };
      return file;
    },
    list: (directory) => disk.list(directory),
    makeDirectory: (directory) => disk.makeDirectory(directory),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    removeDirectory: (directory) => disk.removeDirectory(directory),
    syncDirectory: (directory) => disk.syncDirectory(directory),
  };
}
