import { describe, expect, test } from 'vitest';
import type { Log } from './log.ts';
import { SyncedMark } from './synced-mark.ts';
import { entriesAfter, LogWorld } from './testing/world.ts';

/** A log of five entries, all synced. */
async function filled(): Promise<{ world: LogWorld; log: Log }> {
  const world = new LogWorld();
  const log = await world.open();
  for (let n = 0; n < 5; n++) {
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
  }
  return { world, log };
}

const tail = { ending: '.log', bytes: 50, sparing: 64 };
const lacks = (log: Log): number | undefined => log.recovery.lacksUpTo;

describe('a log that was once synced further than it ends', () => {
  test('says how far, after a kill exactly, and again at each start', async () => {
    const { world } = await filled();
    world.kill();
    world.disk.tearTail('group-1', tail);
    const torn = await world.open();
    expect(torn.lastIndex).toBe(4);
    expect(lacks(torn)).toBe(5);
    world.powerCut();
    expect(lacks(await world.open())).toBe(5);
  });

  test('also where it was cut between two batches, which leaves no trace', async () => {
    const { world } = await filled();
    world.kill();
    world.disk.tearTail('group-1', { ...tail, bytes: 168 });
    const torn = await world.open();
    expect(torn.recovery.tornBytes).toBe(0);
    expect([torn.lastIndex, lacks(torn)]).toEqual([4, 5]);
  });

  test('still says so when it was filled and then cut by its leader, until it is trusted', async () => {
    const { world } = await filled();
    world.kill();
    world.disk.tearTail('group-1', tail);
    const torn = await world.open();
    torn.append(entriesAfter(torn, [100], { term: 2 }));
    await world.settle(torn);
    torn.truncateAfter(3);
    await world.pass(100);
    world.kill();
    const again = await world.open();
    expect(lacks(again)).toBe(5);
    await world.run(again.trust());
    world.kill();
    expect(lacks(await world.open())).toBeUndefined();
  });

  test('does not know how far when its mark is missing', async () => {
    const { world } = await filled();
    world.kill();
    world.disk.lose('group-1/synced');
    expect(lacks(await world.open())).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a log is not doubted', () => {
  test('after any power cut of an honest disk, nor after one of a log that was cut', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const world = new LogWorld(seed);
      let log = await world.open({ segmentBytes: 600 });
      for (let life = 0; life < 3; life++) {
        log.append(entriesAfter(log, [100, 100, 100], { term: life + 1 }));
        await world.pass(world.random.below(12));
        if (seed % 2 === 0) log.truncateAfter(Math.max(log.firstIndex, log.lastIndex - 2));
        await world.pass(world.random.below(12));
        if (seed % 3 === 0) world.kill();
        else world.powerCut();
        log = await world.open({ segmentBytes: 600 });
        expect(lacks(log)).toBeUndefined();
      }
    }
  });

  test('where nothing is synced in the first place', async () => {
    const world = new LogWorld();
    const flush = { mode: 'os', intervalMs: 0 } as const;
    const log = await world.open({ flush });
    log.append(entriesAfter(log, [100, 100]));
    await world.settle(log);
    world.kill();
    world.disk.tearTail('group-1', tail);
    const torn = await world.open({ flush });
    expect([torn.lastIndex, lacks(torn)]).toEqual([1, undefined]);
  });
});

test('the mark is always there, and never too high, whatever syncs of it fail or are cut off', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const world = new LogWorld(seed);
    const { random, disk } = world;
    const open = async (): Promise<SyncedMark> => {
      for (;;) {
        const opened = await world.run(SyncedMark.open(disk, '').catch(() => undefined));
        if (opened !== undefined) return opened;
        world.kill();
      }
    };
    let mark = await open();
    await world.run(mark.save(0));
    let highest = 0;
    for (let step = 0; step < 30; step++) {
      if (random.chance(0.2)) disk.failSyncs(1);
      const index = random.below(100);
      const lowers = index < highest;
      const change = lowers ? mark.lower(index) : mark.note(index);
      highest = Math.max(highest, index);
      const done = change.then(
        () => true,
        () => false,
      );
      if (random.chance(0.3)) {
        await world.pass(random.unit() * 4);
        if (random.chance(0.5)) world.kill();
        else world.powerCut();
        mark = await open();
      } else if (await world.run(done)) {
        if (lowers) highest = index;
      } else {
        world.kill();
        mark = await open();
      }
      expect(mark.vouchedIndex, `seed ${seed}`).toBeDefined();
      expect(mark.vouchedIndex, `seed ${seed}`).toBeLessThanOrEqual(highest);
      expect(mark.syncedIndex, `seed ${seed}`).toBeLessThanOrEqual(mark.vouchedIndex!);
    }
  }
});
