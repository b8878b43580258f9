import { describe, expect, test, vi } from 'vitest';
import type { FaultSite } from './fault.ts';
import { slowDisk } from './slow-disk.ts';
import { FakeEmulatedDisk } from './testing/fake-disk.ts';
import { FakeNode } from './testing/fake-node.ts';

vi.mock('./patience.ts', async () => await import('./testing/impatience.ts'));

function slowed(delayMs = 20) {
  const disk = new FakeEmulatedDisk();
  disk.count({ operationsSlowed: 10, millisSlowed: 1000 });
  const site: FaultSite<{ delayMs: number }> = {
    victims: [new FakeNode({ disk })],
    options: { delayMs },
    seed: 7,
    roles: () => Promise.reject(new Error('is not asked')),
  };
  return { disk, site };
}

describe('a slow disk', () => {
  test('is proven by operations that took so much longer, by the clock', async () => {
    const { disk, site } = slowed();
    await slowDisk.inject(site);
    expect(disk.asked).toEqual([{ slowMs: 20 }]);
    disk.count({ operationsSlowed: 4, millisSlowed: 82 });
    expect(await slowDisk.probe(site, 'injected')).toEqual({
      result: 'confirmed',
      evidence: '4 operations of the disk of node 1 took 20.5 ms longer (emulated)',
    });
    await slowDisk.heal(site);
    expect(disk.asked.at(-1)).toEqual({ slowMs: 0 });
    expect((await slowDisk.probe(site, 'healed')).result).toBe('confirmed');
  });

  test('proves nothing by operations that took no longer, or by none', async () => {
    const { disk, site } = slowed();
    await slowDisk.inject(site);
    expect((await slowDisk.probe(site, 'injected')).result).toBe('mismatch');
    disk.count({ operationsSlowed: 4, millisSlowed: 4 * 18 });
    expect(await slowDisk.probe(site, 'injected')).toMatchObject({
      result: 'mismatch',
      evidence: expect.stringContaining(
        'no operation of the disk of node 1 took 20 ms longer',
      ) as string,
    });
  });

  test('that stays slow is not healed', async () => {
    const { disk, site } = slowed(1);
    await slowDisk.inject(site);
    await slowDisk.heal(site);
    vi.spyOn(disk, 'account').mockImplementation(async () => {
      disk.count({ operationsSlowed: 1 });
      return disk.counts;
    });
    expect((await slowDisk.probe(site, 'healed')).result).toBe('mismatch');
  });

  test('can only be emulated', async () => {
    expect(slowDisk.needs?.storage).toEqual(['emulated']);
    const { site } = slowed();
    const plain = { ...site, victims: [new FakeNode()] };
    await expect(slowDisk.inject(plain)).rejects.toThrow('slow-disk cannot act on node 1');
  });
});
