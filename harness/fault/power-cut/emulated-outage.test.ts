import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EmulatedDisk } from '../../cluster/node-storage.ts';
import { emulatedOutage } from './emulated-outage.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ackworth-outage-'));
  mkdirSync(join(root, 'live'));
  writeFileSync(join(root, 'live', 'log'), 'x'.repeat(20_000));
  writeFileSync(join(root, 'live', 'state'), 'synced');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const taken = {
  bytesDropped: 12_345,
  filesReverted: 1,
  namesReverted: 2,
  lengths: { log: 7655, state: 6 },
};

/** With `left` in it, by name and length, in the place of what was there. */
function fakeDisk(left: Readonly<Record<string, number>> | undefined) {
  const seeds: number[] = [];
  const disk: EmulatedDisk = {
    form: 'emulated',
    misbehave: () => Promise.reject(new Error('is asked for nothing')),
    account: () => Promise.reject(new Error('is asked for nothing')),
    root,
    directory: join(root, 'live'),
    async cutPower(seed) {
      seeds.push(seed);
      if (left !== undefined) {
        mkdirSync(join(root, 'next'));
        for (const [name, bytes] of Object.entries(left))
          writeFileSync(join(root, 'next', name), 'x'.repeat(bytes));
        rmSync(join(root, 'live'), { recursive: true });
        renameSync(join(root, 'next'), join(root, 'live'));
      }
      return taken;
    },
  };
  return { disk, seeds };
}

const node = { name: 'node 1', pause: () => Promise.resolve(1) };

describe('an emulated power cut', () => {
  test('is proven by a new tree of files, each as long as it was left, and tells what it took', async () => {
    const { disk, seeds } = fakeDisk(taken.lengths);
    const outage = emulatedOutage(node, disk, 7);
    await outage.prepare();
    expect(outage.proveOff().result).toBe('mismatch');
    await outage.drop();
    const proof = { result: 'confirmed', evidence: expect.any(String) as string };
    expect(outage.proveOff()).toEqual(proof);
    await outage.restore();
    expect(outage.proveBack()).toEqual(proof);
    expect(outage.proveBack().evidence).toBe(
      'node 1 lost 12,351 un-synced bytes of its files (12,345 off their ends), ' +
        '1 file and 2 names reverted, 2 files as long as was to be left (emulated)',
    );
    expect(seeds).toEqual([7]);
  });

  test('happens once, however often it is asked for', async () => {
    const { disk, seeds } = fakeDisk(taken.lengths);
    const outage = emulatedOutage(node, disk, 7);
    await outage.prepare();
    await outage.drop();
    await outage.drop();
    expect(seeds).toHaveLength(1);
  });

  test('that left the files where they were is no power cut', async () => {
    const outage = emulatedOutage(node, fakeDisk(undefined).disk, 7);
    await outage.prepare();
    await outage.drop();
    expect(outage.proveOff().result).toBe('mismatch');
  });

  test.each([
    [{ log: 20_000, state: 6 }, 'log has 20,000 bytes, and was to have 7,655 bytes'],
    [{ log: 7655 }, 'state is not there, and was to have 6 bytes'],
    [{ ...taken.lengths, torn: 1 }, 'torn has 1 byte, and was to go'],
  ])('that left %j is none', async (left, why) => {
    const outage = emulatedOutage(node, fakeDisk(left).disk, 7);
    await outage.prepare();
    await outage.drop();
    const evidence = `node 1 has other files than were to be left: ${why}`;
    expect(outage.proveOff()).toEqual({ result: 'mismatch', evidence });
  });

  test('of a node that never had files can be healed', async () => {
    const { disk } = fakeDisk({});
    rmSync(disk.directory, { recursive: true });
    const cutPower = async () => {
      mkdirSync(disk.directory);
      return { ...taken, lengths: {} };
    };
    const outage = emulatedOutage(node, { ...disk, cutPower }, 7);
    await outage.drop();
    await outage.restore();
    expect(outage.proveBack().result).toBe('mismatch');
  });

  test('of which something came back before the node was started is none', async () => {
    const outage = emulatedOutage(node, fakeDisk(taken.lengths).disk, 7);
    await outage.prepare();
    await outage.drop();
    expect(outage.proveOff().result).toBe('confirmed');
    writeFileSync(join(root, 'live', 'log'), 'x'.repeat(20_000));
    await outage.restore();
    expect(outage.proveBack().result).toBe('mismatch');
  });
});
