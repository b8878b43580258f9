import { describe, expect, test } from 'vitest';
import { SyncProgress } from './sync-progress.ts';
import { entriesAfter, LogWorld } from './testing/world.ts';

describe('a log says how far it is synced', () => {
  test('with flush sync, as far as it is persisted', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(entriesAfter(log, [100, 100]));
    expect(log.syncedOffset).toBe(0);
    await world.settle(log);
    expect(log.syncedOffset).toBe(log.nextOffset);
    expect(log.persistedOffset).toBe(log.nextOffset);
  });

  test('with flush async, up to the last timed sync, while more is persisted', async () => {
    const world = new LogWorld();
    const log = await world.open({ flush: { mode: 'async', intervalMs: 1_000 } });
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
    expect(log.persistedOffset).toBe(log.nextOffset);
    expect(log.syncedOffset).toBe(0);
    await world.pass(1_100);
    expect(log.syncedOffset).toBe(log.nextOffset);
  });

  test('what is written while a sync runs is not covered by it', async () => {
    const world = new LogWorld();
    const log = await world.open({ flush: { mode: 'async', intervalMs: 100 } });
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
    const covered = log.nextOffset;
    world.disk.slowness = 200;
    await world.pass(101);
    world.disk.slowness = 1;
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
    world.disk.slowness = 1_000;
    await world.pass(1_000);
    expect(log.persistedOffset).toBe(log.nextOffset);
    expect(log.syncedOffset).toBe(covered);
  });

  test('after a cut no further than the cut, though more had been synced', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(entriesAfter(log, [100, 100, 100]));
    await world.settle(log);
    log.truncateAfter(1);
    expect(log.syncedOffset).toBe(log.nextOffset);
    expect(log.nextOffset).toBeLessThan(6);
  });

  test('after a restart as far as it goes, and after a snapshot from there on', async () => {
    const world = new LogWorld();
    const log = await world.open({ flush: { mode: 'os', intervalMs: 0 } });
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
    expect(log.syncedOffset).toBe(0);
    world.kill();
    const again = await world.open({ flush: { mode: 'os', intervalMs: 0 } });
    expect(again.syncedOffset).toBe(2);
    const snapshot = { mark: { index: 50, term: 3 }, nextOffset: 90, data: Buffer.alloc(8) };
    const installing = again.install(snapshot);
    expect(again.syncedOffset).toBe(0);
    await world.run(installing);
    expect(again.syncedOffset).toBe(90);
    expect(again.persistedOffset).toBe(90);
  });

  test('and how long its longest sync took, from when it was due', async () => {
    let nowMs = 100;
    const progress = new SyncProgress({ monotonicMs: () => nowMs }, { index: 0, offset: 0 });
    await progress.measure(() => Promise.resolve(void (nowMs += 5)));
    expect(progress.syncMsMax).toBe(5);
    await progress.measure(() => Promise.resolve(void (nowMs += 5)), nowMs - 20);
    expect(progress.syncMsMax).toBe(25);
  });

  test('and how long its longest sync took, one under way included', async () => {
    const world = new LogWorld();
    const log = await world.open();
    world.disk.slowness = 1_000;
    log.append(entriesAfter(log, [10]));
    await world.pass(250);
    const soFarMs = log.syncMsMax;
    expect(soFarMs).toBeGreaterThan(0);
    await world.settle(log);
    expect(log.syncMsMax).toBeGreaterThan(soFarMs);
  });
});
