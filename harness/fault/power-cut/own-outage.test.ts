import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OwnFileSystem } from '../../cluster/node-storage.ts';
import { endsOf } from '../../file-system/file-ends.ts';
import { ownOutage } from './own-outage.ts';

let folder: string;
let mountPoint: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-outage-'));
  mountPoint = join(folder, 'mounted');
  mkdirSync(join(mountPoint, 'data'), { recursive: true });
  writeFileSync(join(mountPoint, 'data', 'log'), 'x'.repeat(1000));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A folder that plays a file system: gone from its place while it is shut down or unmounted. */
function fakeDisk(changes: Partial<OwnFileSystem> = {}, onBack = (): void => undefined) {
  const away = join(folder, 'away');
  const disk: OwnFileSystem = {
    form: 'ext4',
    directory: join(mountPoint, 'data'),
    mountPoint,
    armShutDown: () => Promise.resolve(),
    shutDown: () => Promise.reject(new Error('is shut down as its node is frozen')),
    async freezeAndShutDown(files) {
      const ends = endsOf(files);
      renameSync(mountPoint, away);
      return { frozenAt: 1, ends };
    },
    unmount: () => Promise.resolve(2),
    async mount() {
      if (existsSync(away)) renameSync(away, mountPoint);
      onBack();
      return 3;
    },
    ...changes,
  };
  return disk;
}

const forgetUnsynced = (): void => {
  rmSync(join(mountPoint, 'canary-unsynced'), { force: true });
  writeFileSync(join(mountPoint, 'data', 'log'), 'x'.repeat(400));
};

async function goThrough(disk: OwnFileSystem) {
  const outage = ownOutage('node 1', disk);
  await outage.prepare();
  await outage.cutOff();
  await outage.drop();
  const off = outage.proveOff();
  await outage.restore();
  return { off, back: outage.proveBack(), outage };
}

describe('a power cut of a node with its own file system', () => {
  test('is proven by refused writes, a synced file that is there and an un-synced one that is not', async () => {
    const { off, back } = await goThrough(fakeDisk({}, forgetUnsynced));
    expect(off).toEqual({
      result: 'confirmed',
      evidence: 'ext4 of node 1 refused writes (ENOENT)',
    });
    expect(back.result).toBe('confirmed');
    expect(back.evidence).toContain(
      'node 1 lost 600 un-synced bytes of its files (600 off their ends)',
    );
    expect(existsSync(join(mountPoint, 'canary-synced'))).toBe(false);
  });

  test('tells also of what was written in place, and is as it was before', async () => {
    const inPlace = join(mountPoint, 'data', 'mark');
    writeFileSync(inPlace, 'mark 1002');
    const { back } = await goThrough(
      fakeDisk({}, () => {
        forgetUnsynced();
        writeFileSync(inPlace, 'mark 0991');
      }),
    );
    expect(back.evidence).toContain(
      'node 1 lost 604 un-synced bytes of its files (600 off their ends)',
    );
  });

  test('is no power cut where an un-synced file survived, or a synced one did not', async () => {
    expect((await goThrough(fakeDisk())).back.result).toBe('mismatch');
    const forgetAll = (): void => {
      forgetUnsynced();
      rmSync(join(mountPoint, 'canary-synced'), { force: true });
    };
    const { back } = await goThrough(fakeDisk({}, forgetAll));
    expect(back).toMatchObject({ result: 'mismatch' });
    expect(back.evidence).toContain('a synced file is gone');
  });

  test('is no power cut where the file system still took writes', async () => {
    const { off } = await goThrough(
      fakeDisk({ freezeAndShutDown: async () => ({ frozenAt: 1, ends: [] }) }),
    );
    expect(off).toMatchObject({ result: 'mismatch' });
    expect(off.evidence).toContain('took writes after it was shut down');
  });

  test('that never came to the shut-down says so and leaves no canary', async () => {
    const outage = ownOutage('node 1', fakeDisk());
    await outage.prepare();
    await outage.drop();
    await outage.restore();
    expect(outage.proveOff().result).toBe('mismatch');
    expect(outage.proveBack().result).toBe('inconclusive');
    expect(existsSync(join(mountPoint, 'canary-unsynced'))).toBe(false);
  });

  test('keeps what it saw at the first restore', async () => {
    const { outage } = await goThrough(fakeDisk({}, forgetUnsynced));
    await outage.drop();
    await outage.restore();
    expect(outage.proveBack().result).toBe('confirmed');
    expect(outage.proveBack().evidence).toContain('lost 600 un-synced bytes');
    expect(outage.proveOff().result).toBe('confirmed');
  });
});
