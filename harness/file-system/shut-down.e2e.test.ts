import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArmedShutDown } from './armed-shut-down.ts';
import { makeImage } from './image.ts';
import { fileSystemBytesMin } from './kinds.ts';
import { isMounted, mount, releaseBelow, shutDown, unmount, type LoopMount } from './loop-mount.ts';
import { loopsBelow } from './mount-table.ts';
import { whatIsMissing } from './trial.ts';

const lacking = {
  ext4: await whatIsMissing('ext4', tmpdir()),
  xfs: await whatIsMissing('xfs', tmpdir()),
};
const required = (process.env.ACKWORTH_REQUIRE ?? '').split(/[\s,]+/).includes('power-cut');
const trials = 20;

test('Real file systems can be shut down where that is required', () => {
  if (required) expect(lacking).toEqual({ ext4: undefined, xfs: undefined });
});

describe.each(['ext4', 'xfs'] as const)('%s', (fileSystem) => {
  const missing = lacking[fileSystem];
  const title = `in a file${missing === undefined ? '' : ` (skipped: ${missing})`}`;
  describe.skipIf(missing !== undefined)(title, () => {
    let folder: string;
    let there: LoopMount;

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'ackworth-shut-down-'));
      there = { fileSystem, image: join(folder, 'image'), directory: join(folder, 'mounted') };
      mkdirSync(there.directory);
      await makeImage(there.image, fileSystem, fileSystemBytesMin[fileSystem]);
      await mount(there);
    });

    afterEach(async () => {
      expect(await releaseBelow(folder)).toEqual([]);
      rmSync(folder, { recursive: true });
      expect(loopsBelow(folder)).toEqual([]);
    });

    const at = (name: string): string => join(there.directory, name);
    const read = (name: string): string | undefined =>
      existsSync(at(name)) ? readFileSync(at(name), 'utf8') : undefined;

    function write(name: string, text: string, flags: 'w' | 'a', synced: boolean): void {
      const file = openSync(at(name), flags);
      writeSync(file, text);
      if (synced) fsyncSync(file);
      closeSync(file);
    }

    async function cutPower(): Promise<void> {
      await shutDown(there.directory);
      expect(() => writeFileSync(at('late'), 'late')).toThrow(/EIO/);
      await unmount(there.directory);
      expect(isMounted(there.directory)).toBe(false);
      await mount(there);
    }

    test(`takes all of a writer that never syncs and nothing of one that does, ${trials} of ${trials} times`, async () => {
      const entries = Array.from({ length: 50 }, (_, index) => `entry ${index} `.repeat(20));
      for (let trial = 0; trial < trials; trial++) {
        for (const entry of entries) {
          write(`synced-${trial}`, entry, 'a', true);
          write(`unsynced-${trial}`, entry, 'a', false);
        }
        await cutPower();
        expect(read(`synced-${trial}`)).toBe(entries.join(''));
        expect(read(`unsynced-${trial}`) ?? '').toBe('');
      }
    });

    test(`brings back what was truncated and written anew without a sync, ${trials} of ${trials} times`, async () => {
      for (let trial = 0; trial < trials; trial++) {
        const name = `file-${trial}`;
        write(name, 'old'.repeat(1000), 'w', true);
        truncateSync(at(name), 0);
        write(name, 'new'.repeat(900), 'a', false);
        await cutPower();
        expect(read(name)).toBe('old'.repeat(1000));
      }
    });

    test(`brings back the old name of what was renamed without a sync, ${trials} of ${trials} times`, async () => {
      for (let trial = 0; trial < trials; trial++) {
        write(`old-${trial}`, 'mine', 'w', true);
        renameSync(at(`old-${trial}`), at(`new-${trial}`));
        await cutPower();
        expect(read(`old-${trial}`)).toBe('mine');
        expect(read(`new-${trial}`)).toBeUndefined();
      }
    });

    test('that another mount namespace has, too, is mounted again only once it is gone from there', async () => {
      write('synced', 'mine', 'w', true);
      const elsewhere = spawn('unshare', ['--mount', 'sh', '-c', 'echo; sleep 1'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => elsewhere.once('exit', resolve));
      await new Promise((resolve) => elsewhere.stdout.once('data', resolve));
      await cutPower();
      expect(read('synced')).toBe('mine');
      await ended;
    });

    test('that somebody works in is detached at the end, with a sentence that names them', async () => {
      const holder = spawn('sleep', ['60'], { cwd: there.directory });
      const ended = new Promise((resolve) => holder.once('exit', resolve));
      try {
        await expect(unmount(there.directory)).rejects.toThrow(
          `${there.directory} cannot be unmounted: held by sleep (process ${holder.pid})`,
        );
        expect(await releaseBelow(folder)).toEqual([
          expect.stringContaining(`held by sleep (process ${holder.pid}); it is detached`),
        ]);
        expect(isMounted(there.directory)).toBe(false);
      } finally {
        holder.kill('SIGKILL');
        await ended;
      }
    });

    test('is shut down as soon as it is said where that was prepared, and else not at all', async () => {
      await new ArmedShutDown(there.directory).disarm();
      write('synced', 'mine', 'w', true);
      write('again', 'not yet', 'w', false);
      const armed = new ArmedShutDown(there.directory);
      expect(await armed.fire()).toBe(true);
      expect(() => writeFileSync(at('late'), 'late')).toThrow(/EIO/);
      await unmount(there.directory);
      await mount(there);
      expect([read('synced'), read('again') ?? '']).toEqual(['mine', '']);
      expect(await new ArmedShutDown(at('nowhere')).fire()).toBe(false);
    });

    test('is mounted and unmounted as often as one asks', async () => {
      await mount(there);
      await unmount(there.directory);
      await unmount(there.directory);
      expect(isMounted(there.directory)).toBe(false);
    });
  });
});
