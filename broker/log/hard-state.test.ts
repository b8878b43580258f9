import { describe, expect, test } from 'vitest';
import { HardStateFile } from './hard-state.ts';
import { LogWorld } from './testing/world.ts';

const path = 'data/group-1/hard-state';

function open(world: LogWorld): Promise<HardStateFile> {
  return world.run(HardStateFile.open(world.disk, 'data/group-1'));
}

describe('the hard state', () => {
  test('is all zero before the first save', async () => {
    expect((await open(new LogWorld())).state).toEqual({ term: 0, vote: 0, incarnation: 0 });
  });

  test('survives a power cut right after each save', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new LogWorld(seed);
      for (let term = 1; term <= 5; term++) {
        const file = await open(world);
        await world.run(file.save({ term, vote: term % 3, incarnation: 7 }));
        world.powerCut();
        expect((await open(world)).state).toEqual({ term, vote: term % 3, incarnation: 7 });
      }
    }
  });

  test('is the old or the new one after a power cut during a save, never another', async () => {
    const found = new Set<number>();
    for (let seed = 1; seed <= 60; seed++) {
      const world = new LogWorld(seed);
      const file = await open(world);
      for (const term of [1, 2, 3]) await world.run(file.save({ term, vote: 1, incarnation: 1 }));
      file.save({ term: 4, vote: 2, incarnation: 1 }).catch(() => {});
      await world.pass(world.random.unit() * 3);
      world.powerCut();
      const { state } = await open(world);
      expect(state).toEqual({ term: state.term, vote: state.term === 4 ? 2 : 1, incarnation: 1 });
      found.add(state.term);
    }
    expect([...found].sort()).toEqual([3, 4]);
  });

  test('that a killed process had not synced is durable once it has been read', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const world = new LogWorld(seed);
      const file = await open(world);
      for (const term of [1, 2]) await world.run(file.save({ term, vote: 1, incarnation: 1 }));
      file.save({ term: 3, vote: 2, incarnation: 1 }).catch(() => {});
      await world.pass(0.3);
      world.kill();
      const { state } = await open(world);
      world.powerCut();
      expect((await open(world)).state).toEqual(state);
    }
  });

  test('falls back to the slot that is whole, and is refused when none is', async () => {
    const world = new LogWorld();
    const file = await open(world);
    for (const term of [1, 2]) await world.run(file.save({ term, vote: 1, incarnation: 1 }));
    world.disk.flipBit(path, 20 * 8);
    expect((await open(world)).state.term).toBe(1);
    world.disk.flipBit(path, (4096 + 20) * 8);
    await expect(open(world)).rejects.toMatchObject({
      code: 'corrupt-log',
      message: expect.stringContaining(path),
    });
  });
});
