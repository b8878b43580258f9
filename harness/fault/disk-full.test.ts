import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { OwnFileSystem } from '../cluster/node-storage.ts';
import { diskFull } from './disk-full.ts';
import type { FaultSite } from './fault.ts';
import { FakeEmulatedDisk } from './testing/fake-disk.ts';
import { FakeNode } from './testing/fake-node.ts';

vi.mock('./patience.ts', async () => await import('./testing/impatience.ts'));

const siteOf = (victims: readonly FakeNode[]): FaultSite<Record<string, never>> => ({
  victims,
  options: {},
  seed: 7,
  roles: () => Promise.reject(new Error('is not asked')),
});

describe('a full emulated disk', () => {
  test('is proven by what it refuses, and healed by refusing nothing more', async () => {
    const disk = new FakeEmulatedDisk();
    disk.count({ writesRefused: 5 });
    const site = siteOf([new FakeNode({ disk })]);
    await diskFull.inject(site);
    expect(disk.asked).toEqual([{ full: true }]);
    disk.count({ writesRefused: 3 });
    expect(await diskFull.probe(site, 'injected')).toEqual({
      result: 'confirmed',
      evidence: 'the disk of node 1 refused 3 writes (emulated)',
    });
    await diskFull.heal(site);
    expect(disk.asked.at(-1)).toEqual({ full: false });
    expect((await diskFull.probe(site, 'healed')).result).toBe('confirmed');
  });

  test('that nothing was written to proves nothing', async () => {
    const disk = new FakeEmulatedDisk();
    disk.count({ writesRefused: 5 });
    const site = siteOf([new FakeNode({ disk })]);
    await diskFull.inject(site);
    expect(await diskFull.probe(site, 'injected')).toMatchObject({
      result: 'mismatch',
      evidence: expect.stringContaining('the disk of node 1 refused no write') as string,
    });
  });

  test('is not waited for once the supervisor, and its node with it, has gone', async () => {
    const node = new FakeNode({ disk: new FakeEmulatedDisk() });
    const site = siteOf([node]);
    await diskFull.inject(site);
    node.state = () => Promise.reject(new Error('the supervisor has ended'));
    await expect(diskFull.probe(site, 'injected')).rejects.toThrow('the supervisor has ended');
  });

  test('that goes on refusing is not healed', async () => {
    const disk = new FakeEmulatedDisk();
    const site = siteOf([new FakeNode({ disk })]);
    await diskFull.inject(site);
    await diskFull.heal(site);
    const account = vi.spyOn(disk, 'account');
    account.mockImplementation(async () => {
      disk.count({ writesRefused: 1 });
      return disk.counts;
    });
    expect(await diskFull.probe(site, 'healed')).toMatchObject({
      result: 'mismatch',
      evidence: expect.stringContaining('writes were refused still') as string,
    });
  });

  test('that does not listen is a failed injection where its node runs, and fine where none does', async () => {
    const disk = new FakeEmulatedDisk();
    disk.deaf = true;
    const node = new FakeNode({ disk });
    await expect(diskFull.inject(siteOf([node]))).rejects.toThrow(
      'the disk of node 1 did not take on a fault',
    );
    node.now = 'stopped';
    await diskFull.inject(siteOf([node]));
  });

  test('heals every victim, also when one of them could not be hit', async () => {
    const disks = [new FakeEmulatedDisk(), new FakeEmulatedDisk()];
    disks[0]!.deaf = true;
    const deeds: string[] = [];
    const site = siteOf(
      disks.map((disk, index) => new FakeNode({ number: index + 1, disk, deeds })),
    );
    await expect(diskFull.inject(site)).rejects.toThrow('node 1');
    disks[0]!.deaf = false;
    await diskFull.heal(site);
    expect(disks.map(({ asked }) => asked.at(-1))).toEqual([{ full: false }, { full: false }]);
    expect(deeds).toEqual(['start 1', 'start 2']);
  });
});

describe("a disk that is not the node's own", () => {
  test('is never filled', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ackworth-full-'));
    try {
      const disk = { form: 'ext4', directory: folder, mountPoint: folder } as OwnFileSystem;
      await expect(diskFull.inject(siteOf([new FakeNode({ disk })]))).rejects.toThrow(
        `${folder} is no file system of its own, and that of anybody else is not filled`,
      );
      expect(existsSync(join(folder, 'filler'))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is not taken for full', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ackworth-full-'));
    try {
      const disk = { form: 'ext4', directory: folder, mountPoint: folder } as OwnFileSystem;
      const site = siteOf([new FakeNode({ disk })]);
      await diskFull.inject(site).catch(() => undefined);
      expect(await diskFull.probe(site, 'injected')).toEqual({
        result: 'mismatch',
        evidence: 'the ext4 of node 1 took a write, expected ENOSPC',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('is refused where a plain one got through', async () => {
    const site = siteOf([new FakeNode()]);
    await expect(diskFull.inject(site)).rejects.toThrow(
      'disk-full cannot act on node 1: its storage is plain',
    );
    await diskFull.heal(site);
    expect((await diskFull.probe(site, 'injected')).result).toBe('inconclusive');
  });
});
