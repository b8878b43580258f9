import { describe, expect, test } from 'vitest';
import type { Disk } from './disk.ts';

/** What every `Disk` does. `open` gives an empty one; `run` waits in the disk's own time. */
export function diskContract(
  name: string,
  setUp: () => Promise<{ disk: Disk; run: <T>(work: Promise<T>) => Promise<T> }>,
): void {
  const using = (work: (disk: Disk) => Promise<void>) => async (): Promise<void> => {
    const { disk, run } = await setUp();
    await run(work(disk));
  };

  describe(`a disk (${name})`, () => {
    test(
      'reads back what was written, wherever the reads are cut',
      using(async (disk) => {
        await disk.makeDirectory('a/b');
        const file = await disk.open('a/b/file', { create: true });
        await file.write(0, [Buffer.from('hello '), Buffer.from('wor'), Buffer.from('ld')]);
        expect(file.size).toBe(11);
        expect(String(await file.read(0, 11))).toBe('hello world');
        expect(String(await file.read(6, 3))).toBe('wor');
        expect(String(await file.read(6, 100))).toBe('world');
        expect(String(await file.read(11, 5))).toBe('');
        expect(String(await file.read(50, 5))).toBe('');
        await file.close();
        const again = await disk.open('a/b/file');
        expect(again.size).toBe(11);
        expect(String(await again.read(0, 11))).toBe('hello world');
        await again.close();
      }),
    );

    test(
      'takes more chunks at once than one system call does',
      using(async (disk) => {
        const file = await disk.open('many', { create: true });
        const chunks = Array.from({ length: 3000 }, (_, at) => Buffer.from([at & 0xff, at >> 8]));
        await file.write(3, chunks);
        expect(await file.read(3, 6000)).toEqual(Buffer.concat(chunks));
        expect(await file.read(0, 3)).toEqual(Buffer.alloc(3));
        await file.close();
      }),
    );

    test(
      'keeps writes apart that are in flight together',
      using(async (disk) => {
        const file = await disk.open('parallel', { create: true });
        const writes = Array.from({ length: 20 }, (_, at) =>
          file.write(at * 100, [Buffer.alloc(100, at)]),
        );
        expect(file.size).toBe(2000);
        await Promise.all(writes);
        await file.sync();
        const all = await file.read(0, 2000);
        for (let at = 0; at < 20; at++) {
          expect(all.subarray(at * 100, at * 100 + 100)).toEqual(Buffer.alloc(100, at));
        }
        await file.close();
      }),
    );

    test(
      'cuts a file and grows it again with what is written then',
      using(async (disk) => {
        const file = await disk.open('cut', { create: true });
        await file.write(0, [Buffer.from('0123456789')]);
        await file.truncate(4);
        expect(file.size).toBe(4);
        expect(String(await file.read(0, 10))).toBe('0123');
        await file.write(6, [Buffer.from('x')]);
        expect(await file.read(0, 10)).toEqual(Buffer.from('0123\0\0x'));
        await file.close();
      }),
    );

    test(
      'lists, renames and removes',
      using(async (disk) => {
        expect(await disk.list('nowhere')).toEqual([]);
        await disk.makeDirectory('dir');
        await disk.makeDirectory('dir');
        expect(await disk.list('dir')).toEqual([]);
        for (const name of ['c', 'a', 'b']) {
          const file = await disk.open(`dir/${name}`, { create: true });
          await file.write(0, [Buffer.from(name)]);
          await file.close();
        }
        await disk.makeDirectory('dir/sub');
        expect(await disk.list('dir')).toEqual(['a', 'b', 'c', 'sub']);
        await disk.rename('dir/a', 'dir/b');
        expect(await disk.list('dir')).toEqual(['b', 'c', 'sub']);
        const renamed = await disk.open('dir/b');
        expect(String(await renamed.read(0, 10))).toBe('a');
        await renamed.close();
        await disk.remove('dir/c');
        await disk.remove('dir/c');
        await disk.syncDirectory('dir');
        expect(await disk.list('dir')).toEqual(['b', 'sub']);
        await disk.removeDirectory('dir');
        await disk.removeDirectory('dir');
        expect(await disk.list('dir')).toEqual([]);
        expect(await disk.list('')).toEqual([]);
      }),
    );

    test(
      'goes on reading a file that is removed while it is open',
      using(async (disk) => {
        const file = await disk.open('open', { create: true });
        await file.write(0, [Buffer.from('still here')]);
        await disk.remove('open');
        expect(String(await file.read(0, 20))).toBe('still here');
        await file.close();
      }),
    );

    test(
      'says by its code what is missing',
      using(async (disk) => {
        const missing = expect.objectContaining({ name: 'DiskError', code: 'ENOENT' });
        await expect(disk.open('absent')).rejects.toEqual(missing);
        await expect(disk.open('no/such/file', { create: true })).rejects.toEqual(missing);
        await expect(disk.rename('absent', 'other')).rejects.toEqual(missing);
        await expect(disk.syncDirectory('absent')).rejects.toEqual(missing);
      }),
    );
  });
}
