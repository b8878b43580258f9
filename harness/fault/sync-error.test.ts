import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { NodeDisk, OwnFileSystem } from '../cluster/node-storage.ts';
import type { FaultSite } from './fault.ts';
import { syncError } from './sync-error.ts';
import { FakeEmulatedDisk } from './testing/fake-disk.ts';
import { FakeNode } from './testing/fake-node.ts';

vi.mock('./patience.ts', async () => await import('./testing/impatience.ts'));

const stopped = 'partition orders/0 stopped: A sync failed, so what was written may be lost: EIO.';

function struck(disk: NodeDisk, deeds: string[] = [], syncs = 1) {
  const node = new FakeNode({ disk, deeds });
  const site: FaultSite<{ syncs: number }> = {
    victims: [node],
    options: { syncs },
    seed: 40,
    roles: () => Promise.reject(new Error('is not asked')),
  };
  return { node, site };
}

describe('a failed sync of an emulated disk', () => {
  test('is proven by the disk, and by the node that noticed', async () => {
    const disk = new FakeEmulatedDisk();
    const { node, site } = struck(disk, [], 2);
    await syncError.inject(site);
    expect(disk.asked).toEqual([{ failSyncs: 2 }]);
    disk.count({ syncsFailed: 1 });
    node.said.push(stopped);
    expect(await syncError.probe(site, 'injected')).toEqual({
      result: 'confirmed',
      evidence: `1 sync of node 1 failed (emulated); node 1 says "${stopped}"`,
    });
  });

  test('that never came proves nothing, nor does a node that takes no notice of it', async () => {
    const disk = new FakeEmulatedDisk();
    const { node, site } = struck(disk);
    node.said.push(stopped);
    await syncError.inject(site);
    expect((await syncError.probe(site, 'injected')).evidence).toContain(
      'no sync of node 1 failed',
    );
    disk.count({ syncsFailed: 1 });
    // What it said before is of something else, and so is this.
    node.said.push('partition sync-error/0: the log was synced up to 7 before');
    const { result, evidence } = await syncError.probe(site, 'injected');
    expect(result).toBe('mismatch');
    expect(evidence).toContain('node 1 goes on and does not say');
    node.now = 'stopped';
    expect(await syncError.probe(site, 'injected')).toMatchObject({
      result: 'confirmed',
      evidence: expect.stringContaining('node 1 has ended') as string,
    });
  });

  test('is healed by killing the node and starting it on what the disk has, once', async () => {
    const disk = new FakeEmulatedDisk();
    const deeds: string[] = [];
    const { site } = struck(disk, deeds);
    await syncError.inject(site);
    await syncError.heal(site);
    await syncError.heal(site);
    expect(deeds).toEqual(['excuse 1', 'kill 1', 'start 1', 'kill 1', 'start 1']);
    expect(disk.asked.slice(1)).toEqual([{ failSyncs: 0 }, { failSyncs: 0 }]);
    expect(disk.cuts).toEqual([41]);
    expect(await syncError.probe(site, 'healed')).toMatchObject({
      result: 'confirmed',
      evidence: expect.stringContaining(
        'came back without 10 bytes that no sync had covered',
      ) as string,
    });
  });
});

describe('a failed sync of a file system', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ackworth-sync-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A folder that plays a file system: gone from its place while it is shut down. */
  function fake(deeds: string[], breaks = true): OwnFileSystem {
    const mountPoint = join(folder, 'mounted');
    mkdirSync(mountPoint);
    const does =
      (deed: string, act = (): void => undefined) =>
      async (): Promise<number> => {
        deeds.push(deed);
        act();
        return 5e6;
      };
    const [shut, open] = [`${mountPoint}.shut`, mountPoint];
    return {
      form: 'xfs',
      directory: mountPoint,
      mountPoint,
      armShutDown: () => Promise.reject(new Error('is shut down while it runs')),
      freezeAndShutDown: () => Promise.reject(new Error('is shut down while it runs')),
      shutDown: does('shut down', () => breaks && renameSync(open, shut)),
      unmount: does('unmount'),
      mount: does('mount', () => breaks && renameSync(shut, open)),
    };
  }

  test('takes effect when it is shut down; healed is a node on the file system mounted anew', async () => {
    const deeds: string[] = [];
    const { site } = struck(fake(deeds), deeds);
    expect(await syncError.inject(site)).toBe(5e6);
    await syncError.heal(site);
    expect(deeds).toEqual(['excuse 1', 'shut down', 'kill 1', 'unmount', 'mount', 'start 1']);
    expect(await syncError.probe(site, 'healed')).toEqual({
      result: 'confirmed',
      evidence: 'the xfs of node 1 took a write; process 101 is running, node 1 answers',
    });
  });

  test('is none where it still takes writes, or refuses them for another reason', async () => {
    const { node, site } = struck(fake([], false));
    await syncError.inject(site);
    node.said.push(stopped);
    expect(await syncError.probe(site, 'injected')).toMatchObject({
      result: 'mismatch',
      evidence: expect.stringContaining('the xfs of node 1 took a write, expected EIO') as string,
    });
    rmSync(join(folder, 'mounted'), { recursive: true });
    const { result, evidence } = await syncError.probe(site, 'injected');
    expect(result).toBe('mismatch');
    expect(evidence).toContain('refused a write (ENOENT), expected EIO');
  });

  test('is not healed while it refuses writes', async () => {
    const { site } = struck(fake([]));
    await syncError.inject(site);
    expect((await syncError.probe(site, 'healed')).result).toBe('mismatch');
  });
});
