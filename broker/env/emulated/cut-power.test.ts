import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskFile } from '../disk.ts';
import type { Random } from '../random.ts';
import { SimRandom } from '../sim/random.ts';
import { cutPower } from './cut-power.ts';
import { EmulatedDisk } from './disk.ts';

/** Draws the worst: nothing that was not synced survives. */
const sparesNothing: Random = { below: (bound) => bound - 1, unit: () => 1 - Number.EPSILON };
const seeds = Array.from({ length: 20 }, (_, at) => at + 1);

let root: string;
let disk: EmulatedDisk;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ackworth-cut-'));
  disk = new EmulatedDisk(root);
});

afterEach(async () => {
  await disk.detach();
  rmSync(root, { recursive: true, force: true });
});

async function cut(random: Random = sparesNothing) {
  await disk.detach();
  const result = await cutPower({ root, random });
  disk = new EmulatedDisk(root);
  return result;
}

async function stableFile(path: string, text: string): Promise<DiskFile> {
  const file = await disk.open(path, { create: true });
  await file.write(0, [Buffer.from(text)]);
  await file.sync();
  await disk.syncDirectory('');
  return file;
}

async function append(file: DiskFile, text: string): Promise<void> {
  await file.write(file.size, [Buffer.from(text)]);
}

function contentOf(path: string): string {
  return readFileSync(join(root, 'live', path), 'utf8');
}

describe('a power cut of an emulated disk', () => {
  test('takes bytes from a writer that never syncs, 20 of 20 times', async () => {
    let file = await stableFile('log', '');
    for (const seed of seeds) {
      const before = file.size;
      for (let at = 0; at < 50; at++) await append(file, 'x'.repeat(100));
      const result = await cut(new SimRandom(seed));
      expect(result.bytesDropped, `seed ${seed}`).toBeGreaterThan(0);
      expect(result.filesReverted).toBe(1);
      expect(contentOf('log').replaceAll('\0', '').length).toBe(
        before + 5000 - result.bytesDropped,
      );
      file = await disk.open('log');
      await file.truncate(0);
      await file.sync();
    }
  });

  test('takes nothing from a writer that syncs, 20 of 20 times', async () => {
    let file = await stableFile('log', '');
    for (const seed of seeds) {
      for (let at = 0; at < 10; at++) {
        await append(file, 'x'.repeat(100));
        await file.sync();
      }
      const result = await cut(new SimRandom(seed));
      expect(result).toMatchObject({ bytesDropped: 0, filesReverted: 0, namesReverted: 0 });
      expect(contentOf('log').length).toBe(seed * 1000);
      file = await disk.open('log');
    }
  });

  test('brings back what a truncation and the appends behind it took', async () => {
    const file = await stableFile('log', 'all that was acked');
    await file.truncate(4);
    await append(file, 'something else, and longer');
    expect(await cut()).toMatchObject({ bytesDropped: 26, filesReverted: 1, namesReverted: 0 });
    expect(contentOf('log')).toBe('all that was acked');
  });

  test('brings back an overwritten slot, however often it was overwritten', async () => {
    const file = await stableFile('slot', 'first ');
    await file.write(0, [Buffer.from('second')]);
    await file.write(2, [Buffer.from('third, and longer')]);
    await cut();
    expect(contentOf('slot')).toBe('first ');
  });

  test('brings back both names of a rename over a file', async () => {
    await stableFile('state', 'old');
    await stableFile('state.tmp', 'new');
    await disk.rename('state.tmp', 'state');
    expect(contentOf('state')).toBe('new');
    expect(await cut()).toMatchObject({ bytesDropped: 0, filesReverted: 0, namesReverted: 2 });
    expect(contentOf('state')).toBe('old');
    expect(contentOf('state.tmp')).toBe('new');
  });

  test('leaves a rename alone whose directory was synced, and keeps nothing of the old', async () => {
    await stableFile('state', 'old');
    await stableFile('state.tmp', 'new');
    await disk.rename('state.tmp', 'state');
    await disk.syncDirectory('');
    expect(await readdir(join(root, 'removed'))).toEqual([]);
    await cut();
    expect(contentOf('state')).toBe('new');
    expect(await disk.list('')).toEqual(['state']);
  });

  test('takes a synced file whose directory was not synced', async () => {
    const file = await disk.open('new', { create: true });
    await append(file, 'synced');
    await file.sync();
    expect(await cut()).toMatchObject({ bytesDropped: 0, filesReverted: 0, namesReverted: 1 });
    expect(await disk.list('')).toEqual([]);
  });

  test('brings back a removed directory with everything below it', async () => {
    await disk.makeDirectory('group/deep');
    const file = await disk.open('group/deep/log', { create: true });
    await append(file, 'kept');
    await file.sync();
    for (const path of ['group/deep', 'group', '']) await disk.syncDirectory(path);
    await disk.removeDirectory('group');
    expect(await disk.list('')).toEqual([]);
    await cut();
    expect(contentOf('group/deep/log')).toBe('kept');
  });

  test('does not keep what was written after the sync began', async () => {
    const file = await stableFile('log', '1');
    const sync = file.sync();
    await Promise.all([sync, append(file, '2')]);
    await cut();
    expect(contentOf('log')).toBe('1');
  });

  test('does not let a sync cover what another one, that ended meanwhile, had covered', async () => {
    const file = await stableFile('log', '');
    await append(file, '1');
    const first = file.sync();
    const second = file.sync();
    await append(file, '2');
    await Promise.all([first, second]);
    await cut();
    expect(contentOf('log')).toBe('1');
  });

  test('takes what a process before the last one had not synced', async () => {
    const file = await stableFile('log', 'a');
    await append(file, 'b');
    await disk.detach();
    disk = new EmulatedDisk(root);
    const again = await disk.open('log');
    expect(String(await again.read(0, 10))).toBe('ab');
    await append(again, 'c');
    expect((await cut()).bytesDropped).toBe(2);
    expect(contentOf('log')).toBe('a');
  });

  test('can leave a file under two names, after half of a move between directories', async () => {
    for (const name of ['d', 'e']) await disk.makeDirectory(name);
    const file = await disk.open('d/file', { create: true });
    for (const path of ['d', 'e', '']) await disk.syncDirectory(path);
    await append(file, 'survives');
    await disk.rename('d/file', 'e/file');
    // The old name stays, the write survives, the new name survives.
    const draws = [1, 1, 0, 0];
    await cut({ below: () => draws.shift() ?? 0, unit: () => 0 });
    expect(contentOf('d/file')).toBe('survives');
    expect(contentOf('e/file')).toBe('survives');
  });

  test('leaves damage where it was done', async () => {
    const file = await stableFile('log', 'sound');
    await append(file, ' more');
    await writeFile(join(root, 'live', 'log'), 'S', { flag: 'r+' });
    await cut();
    expect(contentOf('log')).toBe('Sound');
  });

  test('tells how long it leaves a file, also one whose last write was never finished', async () => {
    const file = await stableFile('log', 'sound');
    await append(file, ' more');
    await disk.detach();
    await truncate(join(root, 'live', 'log'), 7);
    // The write survives with four of its bytes, of which two were ever there.
    const draws = [1, 1, 4];
    const { lengths } = await cut({ below: () => draws.shift() ?? 0, unit: () => 0 });
    expect(lengths).toEqual({ log: 7 });
    expect(contentOf('log')).toBe('sound m');
  });

  test('of files that someone took away or put there keeps what is there', async () => {
    await stableFile('taken', '1');
    await disk.detach();
    await rm(join(root, 'live', 'taken'));
    await cp(join(root, 'journal'), join(root, 'live', 'put'));
    await cut();
    expect(await disk.list('')).toEqual(['put']);
    disk = new EmulatedDisk(root);
    await (await disk.open('put')).close();
  });
});

describe('the journal of an emulated disk', () => {
  test('does not grow with what is synced, nor with appends that never are', async () => {
    disk = new EmulatedDisk(root, { generationBytes: 20_000 });
    const slot = await stableFile('slot', 'x'.repeat(1000));
    const log = await stableFile('log', '');
    const chunk = Buffer.alloc(1000, 1);
    const sizes: number[] = [];
    for (let at = 0; at < 200; at++) {
      await slot.write(0, [chunk]);
      await slot.sync();
      await append(log, 'y');
      sizes.push(readFileSync(join(root, 'journal')).length);
    }
    expect(Math.max(...sizes)).toBeGreaterThan(18_000);
    expect(Math.max(...sizes)).toBeLessThan(22_000);
    expect(Math.min(...sizes.slice(100))).toBeLessThan(3000);
    expect((await cut()).bytesDropped).toBe(200);
    expect(contentOf('log')).toBe('');
    expect(contentOf('slot')).toBe(String(chunk));
  });
});
