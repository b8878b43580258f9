import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proveCut, proveDelay, proveOpen } from '../../../fault/observe-links.ts';
import { severedLinks } from '../../../fault/severed-links.ts';
import type { Supervisor } from '../../../supervisor/supervisor.ts';
import type { Link, LinkRule, Links, Site } from '../../links.ts';
import type { SupervisedCluster } from '../../supervised-cluster.ts';
import { clusterOnEngine } from '../testing/cluster-on-engine.ts';
import { whyNoEngine } from '../testing/why-no-engine.ts';

const missing = await whyNoEngine();

const skipped = missing === undefined ? '' : ` (skipped: ${missing})`;

describe.skipIf(missing !== undefined)(`shaped links on Docker${skipped}`, () => {
  const sites: Site[] = [
    ...[1, 2, 3].map((node): Site => ({ name: `node-${node}`, kind: 'node' })),
    { name: 'producer-1', kind: 'client' },
  ];
  const run = `shaped-${process.pid}`;
  let supervisor: Supervisor;
  let close: () => Promise<readonly string[]>;
  let cluster: SupervisedCluster;
  let links: Links;
  const exits: string[] = [];

  beforeAll(async () => {
    ({ cluster, supervisor, close } = await clusterOnEngine(run, {
      sites,
      onExit: (name) => exits.push(cluster.exited(name, 'SIGKILL') ?? ''),
    }));
    await cluster.up();
    links = cluster.links!;
  });

  afterAll(async () => {
    await cluster?.down();
    expect(await close()).toEqual([]);
  });

  const around = (node: string): Link[] =>
    severedLinks([node], sites, { direction: 'both', from: 'nodes' });
  let rules = 0;
  function delaying(node: string, delayMs: number): Extract<LinkRule, { kind: 'delay' }> {
    return { id: `delay ${++rules}`, kind: 'delay', delayMs, jitterMs: 10, links: around(node) };
  }

  test('a node is delayed and prompt again, proven each time, ten times in a row', async () => {
    for (let round = 0; round < 10; round++) {
      const rule = delaying(`node-${(round % 3) + 1}`, 80);
      await links.apply(rule);
      expect(await proveDelay(links, rule)).toMatchObject({ result: 'confirmed' });
      await links.lift(rule.id);
      expect(await proveOpen(links, rule)).toMatchObject({ result: 'confirmed' });
    }
    expect(links.rules).toEqual([]);
  });

  test('every way that nodes and workers dial goes through the proxies', async () => {
    const rule = { id: 'cut', kind: 'cut', links: around('node-1') } as const;
    await links.apply(rule);
    // Connections of the nodes themselves are held, and none is open beside the proxies.
    expect(await proveCut(links, rule)).toMatchObject({ result: 'confirmed' });
    await links.lift(rule.id);
    const [direct] = cluster.target('orders').addresses;
    expect(cluster.target('orders', 'producer-1').addresses).not.toContain(direct);
  });

  test('a reset ends what was open, and the nodes dial again', async () => {
    const among = around('node-2');
    expect((await links.reset(among)).connections).toBeGreaterThan(0);
    const again = async (): Promise<number> => (await links.reset(among)).connections;
    await expect.poll(again, { timeout: 10_000, interval: 500 }).toBeGreaterThan(0);
    expect(await cluster.answers(2)).toBe(true);
  });

  test('a node that was killed is found again at the same address', async () => {
    await cluster.kill(3);
    await cluster.start(3);
    const prove = async (): Promise<string> => {
      const rule = delaying('node-3', 50);
      await links.apply(rule);
      const { result } = await proveDelay(links, rule);
      await links.lift(rule.id);
      return result;
    };
    await expect.poll(prove, { timeout: 20_000, interval: 500 }).toBe('confirmed');
  });

  test('the end of the proxies is the end of the network, and told', async () => {
    await supervisor.kill('network');
    expect(exits).toContain(
      'the container that carries the network of the run ended by itself (SIGKILL)',
    );
    await expect(links.reset(around('node-1'))).rejects.toThrow('has ended');
  });
});
