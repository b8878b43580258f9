import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EmulatedDisk } from '../../cluster/node-storage.ts';
import { emulatedOutage } from './emulated-outage.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ackworth-outage-'));
  mkdirSync(join(root, 'live'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const taken = { bytesDropped: 12_345, filesReverted: 1, namesReverted: 2 };

function fakeDisk(replaces: boolean) {
  const seeds: number[] = [];
  const disk: EmulatedDisk = {
    form: 'emulated',
    misbehave: () => Promise.reject(new Error('is asked for nothing')),
    account: () => Promise.reject(new Error('is asked for nothing')),
    root,
    directory: join(root, 'live'),
    async cutPower(seed) {
      seeds.push(seed);
      if (replaces) {
        mkdirSync(join(root, 'next'));
        rmSync(join(root, 'live'), { recursive: true });
        renameSync(join(root, 'next'), join(root, 'live'));
      }
      return taken;
    },
  };
  return { disk, seeds };
}

const node = { name: 'node 1', freeze: () => Promise.resolve(1) };

describe('an emulated power cut', () => {
  test('is proven by a new tree of files, and tells what it took', async () => {
    const { disk, seeds } = fakeDisk(true);
    const outage = emulatedOutage(node, disk, 7);
    await outage.prepare();
    expect(outage.proveOff().result).toBe('mismatch');
    await outage.drop();
    const proof = { result: 'confirmed', evidence: expect.any(String) as string };
    expect(outage.proveOff()).toEqual(proof);
    expect(outage.proveBack().evidence).toBe(
      'node 1 lost 12,345 un-synced bytes, 1 file and 2 names reverted (emulated)',
    );
    expect(seeds).toEqual([7]);
  });

  test('happens once, however often it is asked for', async () => {
    const { disk, seeds } = fakeDisk(true);
    const outage = emulatedOutage(node, disk, 7);
    await outage.prepare();
    await outage.drop();
    await outage.drop();
    expect(seeds).toHaveLength(1);
  });

  test('that left the files where they were is no power cut', async () => {
    const outage = emulatedOutage(node, fakeDisk(false).disk, 7);
    await outage.prepare();
    await outage.drop();
    expect(outage.proveOff().result).toBe('mismatch');
  });
});
