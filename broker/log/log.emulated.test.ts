import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cutPower } from '../env/emulated/cut-power.ts';
import { EmulatedDisk } from '../env/emulated/disk.ts';
import { readDiskFaults, writeDiskFaults } from '../env/emulated/faults.ts';
import { RealClock } from '../env/real/clock.ts';
import { SimRandom } from '../env/sim/random.ts';
import { Log } from './log.ts';
import type { FlushPolicy } from './log.ts';
import { entriesAfter } from './testing/world.ts';

/** One life of a process with a log on the emulated disk below `root`. */
async function live(
  root: string,
  flush: FlushPolicy,
  use: (log: Log, failures: readonly string[]) => Promise<void>,
): Promise<void> {
  const disk = new EmulatedDisk(root);
  const failures: string[] = [];
  const log = await Log.open({
    disk,
    clock: new RealClock(),
    directory: 'group-1',
    flush,
    segmentBytes: 1 << 20,
    retentionBytes: 0,
    retentionMs: 0,
    cacheBytes: 0,
    onPersisted: () => {},
    onFailed: ({ code }) => failures.push(code),
  });
  await use(log, failures);
  await log.close();
  await disk.detach();
}

test.each(['sync', 'async'] as const)(
  'a log with flush %s that a process finds after a failed sync survives the next power cut',
  async (mode) => {
    const root = await mkdtemp(join(tmpdir(), 'ackworth-log-'));
    const flush = { mode, intervalMs: 20 };
    try {
      await live(root, flush, async (log, failures) => {
        log.append(entriesAfter(log, [100, 200]));
        await expect.poll(() => log.syncedOffset).toBe(log.nextOffset);
        await writeDiskFaults(root, { sequence: 1, failSyncs: 1, full: false, slowMs: 0 });
        await expect.poll(() => readDiskFaults(root)).toMatchObject({ syncsToFail: 1 });
        log.append(entriesAfter(log, [300, 400]));
        await expect.poll(() => failures).toEqual(['disk-failed']);
      });
      await live(root, flush, async (log) => {
        expect(log.lastIndex).toBe(4);
        log.append(entriesAfter(log, [500], { term: 2 }));
        await expect.poll(() => log.syncedOffset).toBe(log.nextOffset);
      });
      await cutPower({ root, random: new SimRandom(1) });
      await live(root, flush, async (log) => {
        const entries = await log.loadEntries(1, 1 << 20);
        expect(entries.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
      });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
);
