import { describe, expect, test } from 'vitest';
import { diskContract } from '../disk.contract.ts';
import type { DiskFile } from '../disk.ts';
import { SimDisk } from './disk.ts';
import { SimRandom } from './random.ts';
import { SimScheduler } from './scheduler.ts';

interface World {
  readonly disk: SimDisk;
  readonly run: <T>(work: Promise<T>) => Promise<T>;
}

function world(seed = 1): World {
  const scheduler = new SimScheduler();
  const disk = new SimDisk({ scheduler, random: new SimRandom(seed) });
  return {
    disk,
    run: async (work) => {
      let done = false;
      const end = (): void => {
        done = true;
      };
      work.then(end, end);
      await scheduler.run({ untilMs: Infinity, stop: () => done });
      expect(done).toBe(true);
      return work;
    },
  };
}

diskContract('simulated', () => Promise.resolve(world()));

async function fileWith(disk: SimDisk, text: string): Promise<DiskFile> {
  const file = await disk.open('file', { create: true });
  await file.write(0, [Buffer.from(text)]);
  await file.sync();
  await disk.syncDirectory('');
  return file;
}

async function contentOf(disk: SimDisk, path = 'file'): Promise<string | undefined> {
  if (!(await disk.list('')).includes(path)) return undefined;
  const file = await disk.open(path);
  return String(await file.read(0, 1000));
}

/** What a power cut right after `work` leaves, over many draws. */
async function leftAfterCrash(work: (disk: SimDisk) => Promise<unknown>): Promise<Set<unknown>> {
  const left = new Set<unknown>();
  for (let seed = 0; seed < 60; seed++) {
    const { disk, run } = world(seed);
    await run(work(disk));
    disk.crash(new SimRandom(seed));
    left.add(await run(contentOf(disk)));
  }
  return left;
}

describe('a power cut', () => {
  test('keeps what a sync covered, always', async () => {
    expect(await leftAfterCrash((disk) => fileWith(disk, 'synced'))).toEqual(new Set(['synced']));
  });

  test('loses, keeps or tears a write that was not synced', async () => {
    const left = await leftAfterCrash(async (disk) => {
      const file = await fileWith(disk, 'base:');
      await file.write(5, [Buffer.from('more')]);
    });
    expect([...left].sort()).toEqual(['base:', 'base:m', 'base:mo', 'base:mor', 'base:more']);
  });

  test('may keep a later write without an earlier one', async () => {
    const left = await leftAfterCrash(async (disk) => {
      const file = await fileWith(disk, '');
      await file.write(0, [Buffer.from('a')]);
      await file.write(1, [Buffer.from('b')]);
    });
    expect(left).toEqual(new Set(['', 'a', 'ab', '\0b']));
  });

  test('may take back a truncation, a removal and a rename', async () => {
    const cut = await leftAfterCrash(async (disk) => (await fileWith(disk, 'whole')).truncate(2));
    expect(cut).toEqual(new Set(['whole', 'wh']));
    const removed = await leftAfterCrash(async (disk) => {
      await fileWith(disk, 'kept');
      await disk.remove('file');
    });
    expect(removed).toEqual(new Set(['kept', undefined]));
    const renamed = await leftAfterCrash(async (disk) => {
      await fileWith(disk, 'old');
      const other = await disk.open('other', { create: true });
      await other.write(0, [Buffer.from('new')]);
      await other.sync();
      await disk.syncDirectory('');
      await disk.rename('other', 'file');
    });
    expect(renamed).toEqual(new Set(['old', 'new']));
  });

  test('may lose a synced file whose directory was not synced', async () => {
    const left = await leftAfterCrash(async (disk) => {
      const file = await disk.open('file', { create: true });
      await file.write(0, [Buffer.from('x')]);
      await file.sync();
    });
    expect(left).toEqual(new Set(['x', undefined]));
  });

  test('does not keep what was written after the sync began', async () => {
    const left = await leftAfterCrash(async (disk) => {
      const file = await fileWith(disk, '1');
      disk.slowness = 100;
      const sync = file.sync();
      disk.slowness = 1;
      await file.write(1, [Buffer.from('2')]);
      await sync;
    });
    expect(left).toEqual(new Set(['1', '12']));
  });
});

describe('two syncs that overlap', () => {
  test('cover no more than what was there when the later one began', async () => {
    const { disk, run } = world();
    const file = await run(fileWith(disk, ''));
    await run(file.write(0, [Buffer.from('1')]));
    disk.slowness = 100;
    const syncs = [file.sync(), file.sync(), disk.syncDirectory(''), disk.syncDirectory('')];
    disk.slowness = 0.01;
    await run(Promise.all([file.write(1, [Buffer.from('2')]), disk.open('new', { create: true })]));
    await run(Promise.all(syncs));
    disk.crash({ below: (bound) => bound - 1, unit: () => 0 });
    expect(await run(contentOf(disk))).toBe('1');
    expect(await run(disk.list(''))).toEqual(['file']);
  });
});

describe('a killed process', () => {
  test('leaves what had completed and hears nothing more of what had not', async () => {
    const { disk, run } = world();
    const file = await run(fileWith(disk, 'a'));
    await run(file.write(1, [Buffer.from('b')]));
    let heard = false;
    const late = (): void => {
      heard = true;
    };
    file.write(2, [Buffer.from('c')]).then(late, late);
    disk.kill();
    file.sync().then(late, late);
    expect(await run(contentOf(disk))).toBe('ab');
    expect(heard).toBe(false);
  });
});

describe('a fault', () => {
  test('of a sync is reported once, and what it covered is gone with the power', async () => {
    const { disk, run } = world();
    const file = await run(fileWith(disk, 'a'));
    await run(file.write(1, [Buffer.from('b')]));
    disk.failSyncs();
    await expect(run(file.sync())).rejects.toMatchObject({ code: 'EIO' });
    await run(file.sync());
    expect(await run(contentOf(disk))).toBe('ab');
    disk.crash(new SimRandom(1));
    expect(await run(contentOf(disk))).toBe('a');
  });

  test('of space refuses growth, allows overwriting, and ends', async () => {
    const { disk, run } = world();
    const file = await run(fileWith(disk, 'abc'));
    disk.setFull(true);
    const full = expect.objectContaining({ code: 'ENOSPC' });
    await expect(run(file.write(3, [Buffer.from('d')]))).rejects.toEqual(full);
    await expect(run(disk.open('new', { create: true }))).rejects.toEqual(full);
    await run(file.write(0, [Buffer.from('A')]));
    disk.setFull(false);
    await run(file.write(3, [Buffer.from('d')]));
    expect(await run(contentOf(disk))).toBe('Abcd');
  });

  test('flips a bit or takes a file, for good', async () => {
    const { disk, run } = world();
    await run(fileWith(disk, 'a'));
    disk.flipBit('file', 1);
    expect(await run(contentOf(disk))).toBe('c');
    disk.crash(new SimRandom(1));
    expect(await run(contentOf(disk))).toBe('c');
    disk.lose('file');
    expect(await run(contentOf(disk))).toBeUndefined();
    disk.crash(new SimRandom(1));
    expect(await run(contentOf(disk))).toBeUndefined();
  });
});
