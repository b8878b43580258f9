import { beforeEach, describe, expect, test, vi } from 'vitest';
import { cpuLimit } from './cpu-limit.ts';
import { disconnect } from './disconnect.ts';
import type { FaultSite } from './fault.ts';
import { memoryLimit } from './memory-limit.ts';
import { FakeContainer } from './testing/fake-container.ts';
import { FakeNode } from './testing/fake-node.ts';

vi.mock('./patience.ts', async () => await import('./testing/impatience.ts'));
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

const mebibyte = 1024 ** 2;
let container: FakeContainer;
let node: FakeNode;

beforeEach(() => {
  container = new FakeContainer();
  node = new FakeNode({ container });
});

function siteOf<Options>(options: Options): FaultSite<Options> {
  return {
    victims: [node],
    options,
    seed: 7,
    roles: () => Promise.reject(new Error('is not asked')),
  };
}

test('a node that lives in no container is refused', async () => {
  node = new FakeNode();
  await expect(disconnect.inject(siteOf({}))).rejects.toThrow(
    'disconnect acts on containers, and node 1 has none',
  );
});

describe('a node off the network between nodes', () => {
  test('is proven by the engine, by silence there and by answers to its clients', async () => {
    const site = siteOf({});
    expect(await disconnect.inject(site)).toBe(7);
    expect(await disconnect.probe(site, 'injected')).toEqual({
      result: 'confirmed',
      evidence:
        'the engine has node 1 on the network client, no answer over the network between nodes, ' +
        'its clients are answered',
    });
    expect(await disconnect.heal(site)).toBe(8);
    const healed = await disconnect.probe(site, 'healed');
    expect(healed.result).toBe('confirmed');
    expect(healed.evidence).toContain(
      'on the network client and cluster, an answer over the network between nodes; ',
    );
  });

  test('is a mismatch when it is still there, or its clients are cut off, too', async () => {
    const site = siteOf({});
    container.deaf = true;
    await disconnect.inject(site);
    expect((await disconnect.probe(site, 'injected')).result).toBe('mismatch');
    container.deaf = false;
    await disconnect.inject(site);
    node.answering = false;
    expect(await disconnect.probe(site, 'injected')).toMatchObject({
      result: 'mismatch',
      evidence: expect.stringContaining('its clients are not answered') as string,
    });
    node.answering = true;
    container.deaf = true;
    await disconnect.heal(site);
    expect((await disconnect.probe(site, 'healed')).result).toBe('mismatch');
  });

  test('is taken at the word of an engine on whose networks this machine is not', async () => {
    const site = siteOf({});
    container.peersHear = undefined;
    await disconnect.inject(site);
    expect(await disconnect.probe(site, 'injected')).toMatchObject({
      result: 'confirmed',
      evidence: expect.stringContaining('this machine is not on the network') as string,
    });
    await disconnect.heal(site);
    expect((await disconnect.probe(site, 'healed')).result).toBe('confirmed');
  });
});

describe('a node with a part of a processor', () => {
  const starve = (cpuSeconds: number, periods: number) => {
    container.beforeLook = () => {
      const { counters } = container;
      container.count({
        cpuSeconds: counters.cpuSeconds + cpuSeconds,
        throttledPeriods: counters.throttledPeriods + periods,
      });
    };
  };

  test('is proven by being held back, and by using no more', async () => {
    const site = siteOf({ cpus: 0.1 });
    await cpuLimit.inject(site);
    starve(0.05, 4);
    expect(await cpuLimit.probe(site, 'injected')).toEqual({
      result: 'confirmed',
      evidence:
        'the engine gives node 1 0.1 of a processor; it used 0.100 and was held back in ' +
        '4 periods within 0.5 s',
    });
    await cpuLimit.heal(site);
    starve(0.2, 0);
    const healed = await cpuLimit.probe(site, 'healed');
    expect(healed.result).toBe('confirmed');
    expect(healed.evidence).toContain('gives node 1 all processors; it was held back in 0 periods');
  });

  test('that uses more than it may is a mismatch, as is a limit that is another', async () => {
    const site = siteOf({ cpus: 0.1 });
    await cpuLimit.inject(site);
    starve(0.2, 4);
    expect((await cpuLimit.probe(site, 'injected')).result).toBe('mismatch');
    starve(0.01, 4);
    container.limits = { ...container.limits, cpus: 0.5 };
    expect((await cpuLimit.probe(site, 'injected')).result).toBe('mismatch');
  });

  test('that needs no more is not starved', async () => {
    const site = siteOf({ cpus: 0.1 });
    await cpuLimit.inject(site);
    starve(0.01, 0);
    expect((await cpuLimit.probe(site, 'injected')).result).toBe('inconclusive');
  });

  test('gets back what its scenario gave it, under which it may be held back', async () => {
    container = new FakeContainer({ cpus: 1 });
    node = new FakeNode({ container });
    const site = siteOf({ cpus: 0.1 });
    await cpuLimit.inject(site);
    await cpuLimit.heal(site);
    starve(0.5, 1);
    expect(container.limits.cpus).toBe(1);
    expect((await cpuLimit.probe(site, 'healed')).result).toBe('confirmed');
  });

  test('that is held back after its healing is not healed', async () => {
    const site = siteOf({ cpus: 0.1 });
    await cpuLimit.inject(site);
    await cpuLimit.heal(site);
    starve(0.05, 4);
    expect((await cpuLimit.probe(site, 'healed')).result).toBe('mismatch');
  });
});

describe('a node with little memory', () => {
  const bytes = 64 * mebibyte;
  const outOfMemory = { how: 'out of memory: limit 64 MiB', outOfMemory: true };

  test('that has used it up is proven by the engine', async () => {
    const site = siteOf({ bytes });
    await memoryLimit.inject(site);
    expect(node.deeds).toEqual(['excuse 1']);
    container.count({ memoryBytes: 63 * mebibyte });
    expect(await memoryLimit.probe(site, 'injected')).toEqual({
      result: 'confirmed',
      evidence:
        'the engine gives node 1 64.0 MiB, of which it uses 63.0 MiB; it was refused more 0 times',
    });
    await memoryLimit.heal(site);
    expect(container.limits.memoryBytes).toBeNull();
    expect((await memoryLimit.probe(site, 'healed')).result).toBe('confirmed');
  });

  test('that is refused more than it has is proven by the kernel’s count since', async () => {
    const site = siteOf({ bytes });
    container.count({ memoryRefusals: 3 });
    await memoryLimit.inject(site);
    container.count({ memoryBytes: 50 * mebibyte });
    expect((await memoryLimit.probe(site, 'injected')).result).toBe('inconclusive');
    container.count({ memoryRefusals: 4 });
    expect((await memoryLimit.probe(site, 'injected')).result).toBe('confirmed');
  });

  test('that was killed for want of it is told as such, and started again', async () => {
    const site = siteOf({ bytes });
    await memoryLimit.inject(site);
    [node.now, container.ending] = ['stopped', outOfMemory];
    const { result, evidence } = await memoryLimit.probe(site, 'injected');
    expect(result).toBe('confirmed');
    expect(evidence).toBe(
      'node 1 was killed by the kernel (out of memory: limit 64 MiB); ' +
        'process 101 is gone, no answer to a new connection',
    );
    await memoryLimit.heal(site);
    expect(node.deeds.at(-1)).toBe('start 1');
    container.ending = null;
    const healed = await memoryLimit.probe(site, 'healed');
    expect(healed.result).toBe('confirmed');
    expect(healed.evidence).toMatch(
      /^node 1 was killed by the kernel \(out of memory: limit 64 MiB\); /,
    );
  });

  test('that ended in another way is a mismatch, before its healing and after', async () => {
    const site = siteOf({ bytes });
    await memoryLimit.inject(site);
    [node.now, container.ending] = ['stopped', { how: 'exit code 1', outOfMemory: false }];
    expect((await memoryLimit.probe(site, 'injected')).result).toBe('mismatch');
    await memoryLimit.heal(site);
    container.ending = null;
    const healed = await memoryLimit.probe(site, 'healed');
    expect(healed.result).toBe('mismatch');
    expect(healed.evidence).toContain('ended, and not for want of memory (exit code 1)');
  });

  test('whose limit is another is a mismatch', async () => {
    const site = siteOf({ bytes });
    await memoryLimit.inject(site);
    container.count({ memoryBytes: bytes });
    container.limits = { ...container.limits, memoryBytes: bytes * 2 };
    expect((await memoryLimit.probe(site, 'injected')).result).toBe('mismatch');
    container.deaf = true;
    await memoryLimit.heal(site);
    expect((await memoryLimit.probe(site, 'healed')).result).toBe('mismatch');
  });

  test.each([
    ['64MiB', bytes],
    [bytes, bytes],
  ])('has a limit as sizes are written: %s', (given, wanted) => {
    expect(memoryLimit.options.parse({ bytes: given })).toEqual({ bytes: wanted });
    expect(memoryLimit.options.safeParse({ bytes: '1MiB' }).success).toBe(false);
  });
});
