import { describe, expect, test } from 'vitest';
import type { Disk, DiskFile } from '../env/disk.ts';
import type { SimDisk } from '../env/sim/disk.ts';
import { HardStateFile } from './hard-state.ts';
import type { FlushPolicy, Log } from './log.ts';
import { entriesAfter, LogWorld } from './testing/world.ts';

const policies: readonly FlushPolicy[] = [
  { mode: 'sync', intervalMs: 0 },
  { mode: 'async', intervalMs: 20 },
  { mode: 'os', intervalMs: 0 },
];

function texts(log: Log, world: LogWorld): Promise<readonly string[]> {
  return world.run(
    log.loadEntries(log.firstIndex, 1 << 20).then((entries) => {
      return entries.map(({ index, term, bytes }) => `${index} of ${term}, ${bytes.length} bytes`);
    }),
  );
}

/** The world's disk, which counts what is written to segments, and whose syncs of them can fail. */
class WatchedDisk {
  failing = false;
  /** As `failing`, but nobody is told. */
  lying = false;
  bytesWritten = 0;
  readonly disk: Disk;

  constructor({ disk }: LogWorld) {
    this.disk = {
      open: async (path, options) => {
        const file = await disk.open(path, options);
        return path.endsWith('.log') ? this.#watch(file, disk) : file;
      },
      list: (directory) => disk.list(directory),
      makeDirectory: (directory) => disk.makeDirectory(directory),
      rename: (from, to) => disk.rename(from, to),
      remove: (path) => disk.remove(path),
      removeDirectory: (directory) => disk.removeDirectory(directory),
      syncDirectory: (directory) => disk.syncDirectory(directory),
    };
  }

  #watch(file: DiskFile, disk: SimDisk): DiskFile {
    return {
      get size() {
        return file.size;
      },
      write: (position, chunks) => {
        for (const { length } of chunks) this.bytesWritten += length;
        return file.write(position, chunks);
      },
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      sync: () => {
        if (this.failing || this.lying) disk.failSyncs(1);
        return this.lying ? file.sync().catch(() => {}) : file.sync();
      },
      close: () => file.close(),
    };
  }
}

/** With flush `os` it is the kernel that writes back, fails, and takes the pages for clean. */
async function failNextSync(world: LogWorld, watched: WatchedDisk): Promise<void> {
  watched.failing = true;
  await world.pass(100);
  if (world.failures.length === 0) {
    const file = await world.run(watched.disk.open('group-1/00000000000000000001.log'));
    await expect(world.run(file.sync())).rejects.toMatchObject({ code: 'EIO' });
  }
  watched.failing = false;
  world.kill();
}

describe.each(policies)('a log with flush $mode', (flush) => {
  test('has on disk after a failed sync what it shows at the next start', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new LogWorld(seed);
      const watched = new WatchedDisk(world);
      const log = await world.open({ flush, disk: watched.disk });
      log.append(entriesAfter(log, [100, 200]));
      await world.settle(log);
      await world.pass(100);
      log.append(entriesAfter(log, [300, 400, 500]));
      await failNextSync(world, watched);
      const again = await world.open({ flush });
      const shown = await texts(again, world);
      expect(shown).toHaveLength(5);
      again.append(entriesAfter(again, [600], { term: 2 }));
      const all = await texts(again, world);
      await world.run(again.close());
      world.powerCut();
      expect(await texts(await world.open({ flush }), world)).toEqual(all);
    }
  });

  test('does not get back what was cut off when the sync of the cut failed', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new LogWorld(seed);
      const watched = new WatchedDisk(world);
      const log = await world.open({ flush, disk: watched.disk });
      log.append(entriesAfter(log, [100, 100, 100, 100, 100, 100]));
      await world.settle(log);
      await world.pass(100);
      log.truncateAfter(3);
      await failNextSync(world, watched);
      const again = await world.open({ flush });
      expect(again.lastIndex).toBe(3);
      again.append(entriesAfter(again, [100], { fill: 9 }));
      const all = await texts(again, world);
      await world.run(again.close());
      world.powerCut();
      expect(await texts(await world.open({ flush }), world)).toEqual(all);
    }
  });

  test('has on disk after a failed sync also what has taken the place of what was cut', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new LogWorld(seed);
      const watched = new WatchedDisk(world);
      const log = await world.open({ flush, disk: watched.disk });
      log.append(entriesAfter(log, [100, 100, 100, 100]));
      await world.settle(log);
      await world.pass(100);
      log.truncateAfter(1);
      await world.pass(100);
      log.append(entriesAfter(log, [200, 200], { term: 2 }));
      await failNextSync(world, watched);
      const again = await world.open({ flush });
      const shown = await texts(again, world);
      expect(shown).toHaveLength(3);
      world.powerCut();
      expect(await texts(await world.open({ flush }), world)).toEqual(shown);
    }
  });

  test('whose torn tail could not be cut off durably tries again at the next start', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new LogWorld(seed);
      const watched = new WatchedDisk(world);
      const log = await world.open({ flush });
      log.append(entriesAfter(log, [100, 100]));
      await world.settle(log);
      await world.run(log.close());
      const file = await world.run(world.disk.open('group-1/00000000000000000001.log'));
      const torn = Buffer.alloc(3000, 0xff);
      await world.run(file.write(file.size, [torn]).then(() => file.sync()));
      world.kill();
      watched.failing = true;
      const failing = world.open({ flush, disk: watched.disk });
      await expect(failing).rejects.toMatchObject({ code: 'disk-failed' });
      world.kill();
      const again = await world.open({ flush });
      again.append(entriesAfter(again, [50], { term: 2 }));
      const all = await texts(again, world);
      await world.run(again.close());
      world.powerCut();
      const last = await world.open({ flush });
      expect([await texts(last, world), last.recovery.tornBytes]).toEqual([all, 0]);
    }
  });

  test('that was closed writes nothing again at the next start', async () => {
    const world = new LogWorld();
    const log = await world.open({ flush });
    log.append(entriesAfter(log, [100, 200, 300]));
    await world.settle(log);
    await world.run(log.close());
    world.kill();
    const watched = new WatchedDisk(world);
    expect((await world.open({ flush, disk: watched.disk })).lastIndex).toBe(3);
    expect(watched.bytesWritten).toBe(0);
  });
});

test('a log that ends before it was synced is written again as a whole', async () => {
  const world = new LogWorld();
  const watched = new WatchedDisk(world);
  const log = await world.open({ disk: watched.disk });
  watched.lying = true;
  log.append(entriesAfter(log, [100, 200, 300]));
  await world.settle(log);
  world.kill();
  world.disk.tearTail('group-1', { ending: '.log', bytes: 50, sparing: 64 });
  const shown = await texts(await world.open(), world);
  expect(shown).toHaveLength(2);
  world.powerCut();
  expect(await texts(await world.open(), world)).toEqual(shown);
});

describe('what is written again at a start', () => {
  const entryBytes = 50_000;
  const largeAfterKill = async (flush: FlushPolicy, idleMs: number): Promise<number> => {
    const world = new LogWorld();
    const log = await world.open({ flush, segmentBytes: 1 << 30 });
    for (let n = 0; n < 20; n++) {
      log.append(entriesAfter(log, [entryBytes]));
      await world.settle(log);
    }
    await world.pass(idleMs);
    world.kill();
    const watched = new WatchedDisk(world);
    const again = await world.open({ flush, disk: watched.disk, segmentBytes: 1 << 30 });
    expect(again.lastIndex).toBe(20);
    return watched.bytesWritten;
  };

  test('after a kill is nothing with flush sync, and with async once its timer has synced', async () => {
    expect(await largeAfterKill({ mode: 'sync', intervalMs: 0 }, 0)).toBe(0);
    expect(await largeAfterKill({ mode: 'async', intervalMs: 20 }, 100)).toBe(0);
  });

  test('is nothing after a close that had to wait for a timed sync', async () => {
    const world = new LogWorld();
    const flush = { mode: 'async', intervalMs: 20 } as const;
    const log = await world.open({ flush });
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
    world.disk.slowness = 100;
    await world.pass(20);
    expect(log.syncedOffset).toBeLessThan(log.nextOffset);
    await world.run(log.close());
    world.disk.slowness = 1;
    world.kill();
    const watched = new WatchedDisk(world);
    await world.open({ flush, disk: watched.disk });
    expect(watched.bytesWritten).toBe(0);
  });

  test('is the open segment at most, with flush os', async () => {
    const bytes = await largeAfterKill({ mode: 'os', intervalMs: 0 }, 0);
    expect(bytes).toBeGreaterThanOrEqual(20 * entryBytes);
    expect(bytes).toBeLessThan(20 * (entryBytes + 200));
  });

  test('is what lies behind the last sync, with flush async', async () => {
    const world = new LogWorld();
    const flush = { mode: 'async', intervalMs: 1_000 } as const;
    const log = await world.open({ flush, segmentBytes: 1 << 30 });
    for (let n = 0; n < 20; n++) {
      log.append(entriesAfter(log, [entryBytes]));
      await world.settle(log);
    }
    await world.pass(2_000);
    log.append(entriesAfter(log, [entryBytes]));
    await world.settle(log);
    world.kill();
    const watched = new WatchedDisk(world);
    await world.open({ flush, disk: watched.disk, segmentBytes: 1 << 30 });
    const bytes = watched.bytesWritten;
    expect(bytes).toBeGreaterThanOrEqual(entryBytes);
    expect(bytes).toBeLessThan(3 * entryBytes);
  });
});

test('a hard state whose sync failed is on disk once it has been read, whatever comes next', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const world = new LogWorld(seed);
    const open = () => world.run(HardStateFile.open(world.disk, 'group-1'));
    const file = await open();
    for (const term of [1, 2, 3]) await world.run(file.save({ term, vote: 1, incarnation: 1 }));
    world.disk.failSyncs(1);
    const failed = world.run(file.save({ term: 4, vote: 2, incarnation: 1 }));
    await expect(failed).rejects.toMatchObject({ code: 'disk-failed' });
    world.kill();
    const again = await open();
    const { state } = again;
    again.save({ ...state, incarnation: 2 }).catch(() => {});
    await world.pass(world.random.unit() * 3);
    world.powerCut();
    expect((await open()).state).toMatchObject({ term: state.term, vote: state.vote });
  }
});
