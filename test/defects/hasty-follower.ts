import type { Disk, DiskFile } from '../../broker/env/disk.ts';
import { Log } from '../../broker/log/log.ts';
import type { Message } from '../../broker/raft/types.ts';
import { runNode } from '../../broker/server/run-node.ts';
import { PassingDisk } from './passing-disk.ts';

const syncMs = 250;

/** Groups that this node leads, by the directories of their logs. */
const led = new Set<string>();

function noteRole(groupId: number, { type }: Message): void {
  if (type === 'append') led.add(`group-${groupId}`);
  else if (type === 'append-response') led.delete(`group-${groupId}`);
}

class SlowUnlessLeading extends PassingDisk {
  readonly #log: string;

  constructor(inner: Disk, log: string) {
    super(inner);
    this.#log = log;
  }

  protected override around(file: DiskFile): DiskFile {
    const sync = file.sync.bind(file);
    return Object.assign(file, {
      sync: async () => {
        if (!led.has(this.#log)) await new Promise((resolve) => setTimeout(resolve, syncMs));
        await sync();
      },
    });
  }
}

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
    const disk = new SlowUnlessLeading(options.disk, directory);
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
