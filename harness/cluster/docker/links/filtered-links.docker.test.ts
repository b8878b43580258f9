import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proveCut, proveOpen } from '../../../fault/observe-links.ts';
import { severedLinks } from '../../../fault/severed-links.ts';
import type { LinkRule, Links, Site } from '../../links.ts';
import type { SupervisedCluster } from '../../supervised-cluster.ts';
import { clusterOnEngine } from '../testing/cluster-on-engine.ts';
import { whyNoEngine } from '../testing/why-no-engine.ts';

const missing = await whyNoEngine();

describe.skipIf(missing !== undefined)(
  `links on Docker${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    const sites: Site[] = [
      ...[1, 2, 3].map((node): Site => ({ name: `node-${node}`, kind: 'node' })),
      { name: 'producer-1', kind: 'client', besideNode: 'node-1' },
    ];
    let close: () => Promise<readonly string[]>;
    let cluster: SupervisedCluster;
    let links: Links;

    beforeAll(async () => {
      ({ cluster, close } = await clusterOnEngine(`links-${process.pid}`, {
        sites,
        cuts: true,
      }));
      await cluster.up();
      links = cluster.links!;
    });

    afterAll(async () => {
      await cluster?.down();
      expect(await close()).toEqual([]);
    });

    let rules = 0;
    function cutting(
      victims: readonly string[],
      choice: { direction?: 'both' | 'in' | 'out'; peers?: readonly string[] } = {},
    ): LinkRule {
      const severed = severedLinks(victims, sites, { direction: 'both', from: 'nodes', ...choice });
      return { id: `rule ${++rules}`, kind: 'cut', links: severed };
    }

    test(
      'a node is cut off and joined again, proven each time, ten times in a row',
      { timeout: 120_000 },
      async () => {
        for (let round = 0; round < 10; round++) {
          const rule = cutting([`node-${(round % 3) + 1}`]);
          await links.apply(rule);
          expect(await proveCut(links, rule)).toMatchObject({ result: 'confirmed' });
          await links.lift(rule.id);
          expect(await proveOpen(links, rule)).toMatchObject({ result: 'confirmed' });
        }
        expect(links.rules).toEqual([]);
      },
    );

    test('a way that is cut one way passes the other way, and peers that are not named are reached', async () => {
      const rule = cutting(['node-1'], { direction: 'out', peers: ['node-2'] });
      // Whoever sits beside the node is cut off with it.
      expect(rule.links).toEqual([
        { from: 'node-1', to: 'node-2' },
        { from: 'producer-1', to: 'node-2' },
      ]);
      await links.apply(rule);
      const ways = [
        { from: 'node-1', to: 'node-2' },
        { from: 'node-2', to: 'node-1' },
        { from: 'node-1', to: 'node-3' },
      ];
      const seen = await links.probe(ways, rule.links);
      expect(seen.map(({ arrivedMs }) => arrivedMs !== null)).toEqual([false, true, true]);
      await links.lift(rule.id);
    });

    test('what two rules cut stays cut until both are lifted', async () => {
      const [first, second] = [cutting(['node-1']), cutting(['node-2'])];
      const shared = [{ from: 'node-1', to: 'node-2' }];
      await links.apply(first);
      await links.apply(second);
      await links.lift(first.id);
      expect(await links.probe(shared, shared)).toMatchObject([{ arrivedMs: null }]);
      await links.lift(second.id);
      expect(await links.probe(shared, [])).toMatchObject([
        { arrivedMs: expect.any(Number) as number },
      ]);
    });

    test('a cut outlasts the death of its node, which comes back behind it', async () => {
      const rule = cutting(['node-3']);
      await links.apply(rule);
      await cluster.kill(3);
      await cluster.start(3);
      const into = [{ from: 'node-1', to: 'node-3' }];
      expect(await links.probe(into, into)).toMatchObject([{ arrivedMs: null }]);
      await links.lift(rule.id);
      expect(await proveOpen(links, rule)).toMatchObject({ result: 'confirmed' });
    });

    test('a probe that loses what it should not lose says so', async () => {
      const rule = cutting(['node-1']);
      await links.apply(rule);
      const other: LinkRule = {
        id: 'of no effect',
        kind: 'cut',
        links: [{ from: 'node-2', to: 'node-3' }],
      };
      // As a harness would see it whose rule never came into force.
      const blind: Links = { ...methodsOf(links), sites, rules: [other] };
      expect(await proveCut(blind, other)).toMatchObject({ result: 'mismatch' });
      await links.lift(rule.id);
    });

    function methodsOf(of: Links): Omit<Links, 'sites' | 'rules'> {
      return {
        apply: (rule) => of.apply(rule),
        lift: (id) => of.lift(id),
        reset: (among) => of.reset(among),
        probe: (among, lost) => of.probe(among, lost),
        traffic: () => Promise.resolve({ connections: 1, bytesForwarded: 0 }),
      };
    }
  },
);
