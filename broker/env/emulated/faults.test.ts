import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskFile } from '../disk.ts';
import { SimRandom } from '../sim/random.ts';
import { cutPower } from './cut-power.ts';
import { EmulatedDisk } from './disk.ts';
import { readDiskFaults, writeDiskFaults } from './faults.ts';
import type { DiskFaults } from './faults.ts';

let root: string;
let disk: EmulatedDisk;
let file: DiskFile;
let sequence: number;

beforeEach(async () => {
  sequence = 0;
  root = mkdtempSync(join(tmpdir(), 'ackworth-faults-'));
  disk = new EmulatedDisk(root);
  file = await disk.open('file', { create: true });
  await file.write(0, [Buffer.from('abc')]);
  await file.sync();
  await disk.syncDirectory('');
});

afterEach(async () => {
  await disk.detach();
  rmSync(root, { recursive: true, force: true });
});

async function ask(faults: Partial<DiskFaults>): Promise<void> {
  const none = { sequence: ++sequence, failSyncs: 0, full: false, slowMs: 0 };
  await writeDiskFaults(root, { ...none, ...faults });
  await expect.poll(() => readDiskFaults(root), { timeout: 10_000 }).toMatchObject({ sequence });
}

async function expectReport(report: object): Promise<void> {
  await expect.poll(() => readDiskFaults(root), { timeout: 10_000 }).toMatchObject(report);
}

async function restart(): Promise<void> {
  await disk.detach();
  disk = new EmulatedDisk(root);
  file = await disk.open('file');
}

describe('a fault of an emulated disk', () => {
  test('that nobody asked for is not reported', async () => {
    expect(await readDiskFaults(root)).toBeUndefined();
  });

  test('of a sync comes as often as asked, and what it covered is gone with the power', async () => {
    await ask({ failSyncs: 2 });
    await file.write(3, [Buffer.from('d')]);
    await expect(file.sync()).rejects.toMatchObject({ name: 'DiskError', code: 'EIO' });
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.write(4, [Buffer.from('e')]);
    await file.sync();
    expect(String(await file.read(0, 9))).toBe('abcde');
    await expectReport({ syncsToFail: 0, syncsFailed: 2 });
    await disk.detach();
    const result = await cutPower({ root, random: new SimRandom(1) });
    expect(result).toMatchObject({ bytesDropped: 1, filesReverted: 1, namesReverted: 0 });
    disk = new EmulatedDisk(root);
    file = await disk.open('file');
    expect(String(await file.read(0, 9))).toBe('abc\0e');
  });

  test('of a sync that has come does not come again after a restart', async () => {
    await ask({ failSyncs: 1 });
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    // At once: its process may be killed right after.
    expect(await readDiskFaults(root)).toMatchObject({ syncsToFail: 0, syncsFailed: 1 });
    await restart();
    await file.sync();
  });

  test('of space refuses growth and creation, allows overwriting, and ends', async () => {
    await ask({ full: true });
    const full = expect.objectContaining({ name: 'DiskError', code: 'ENOSPC' });
    await expect(file.write(2, [Buffer.from('CD')])).rejects.toEqual(full);
    expect(file.size).toBe(3);
    await expect(disk.open('new', { create: true })).rejects.toEqual(full);
    await file.write(0, [Buffer.from('A')]);
    await expectReport({ writesRefused: 2 });
    await restart();
    await expect(file.write(3, [Buffer.from('d')])).rejects.toEqual(full);
    await ask({});
    await file.write(3, [Buffer.from('d')]);
    expect(String(await file.read(0, 9))).toBe('AbCd');
  });

  test('of speed adds to each write, read and sync', async () => {
    await ask({ slowMs: 30 });
    const startMs = performance.now();
    await file.write(0, [Buffer.from('A')]);
    await file.read(0, 1);
    await file.sync();
    // A timer may fire up to a millisecond early.
    expect(performance.now() - startMs).toBeGreaterThan(3 * 29);
    await expectReport({ operationsSlowed: 3 });
    expect((await readDiskFaults(root))!.millisSlowed).toBeGreaterThan(3 * 29);
  });
});
