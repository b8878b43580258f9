import { describe, expect, test } from 'vitest';
import type { Link, LinkRule, Links, Sighting, Site } from '../cluster/links.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { cut } from './cut.ts';
import { delay } from './delay.ts';
import type { FaultSite, Victim } from './fault.ts';
import { kill } from './kill.ts';
import { reset } from './reset.ts';

const key = ({ from, to }: Link): string => `${from}>${to}`;

/** A network without sockets; `changes` is what it gets wrong. */
class FakeLinks implements Links {
  readonly sites: readonly Site[] = ['node-1', 'node-2', 'node-3'].map((name) => ({
    name,
    kind: 'node',
  }));
  rules: LinkRule[] = [];
  connections = 4;
  bytesForwarded = 0;
  /** Whether the rules do anything. */
  acts = true;
  /** What a frame takes besides what the rules say; null = lost. */
  takesMs: (link: Link) => number | null = () => 0.2;
  beforeProbe: () => unknown = () => undefined;

  apply(rule: LinkRule): Promise<number> {
    this.rules = [...this.rules, rule];
    return Promise.resolve(monotonicNanos());
  }
  lift(id: string): Promise<number> {
    this.rules = this.rules.filter((rule) => rule.id !== id);
    return Promise.resolve(monotonicNanos());
  }
  reset(_links: readonly Link[]): ReturnType<Links['reset']> {
    return Promise.resolve({ atNanos: monotonicNanos(), connections: this.connections });
  }
  traffic(): ReturnType<Links['traffic']> {
    const { connections, bytesForwarded } = this;
    return Promise.resolve({ connections, bytesForwarded });
  }
  probe(links: readonly Link[]): Promise<Sighting[]> {
    this.beforeProbe();
    return Promise.resolve(
      links.map((link) => {
        const mine = this.rules.filter((rule) => rule.links.some((one) => key(one) === key(link)));
        let arrivedMs = this.takesMs(link);
        for (const rule of this.acts ? mine : []) {
          if (rule.kind === 'cut') arrivedMs = null;
          else if (arrivedMs !== null) arrivedMs += rule.delayMs;
        }
        return { ...link, dialledBy: link.from, arrivedMs };
      }),
    );
  }
}

const all = { direction: 'both', from: 'others' } as const;

function siteOf<Options>(links: Links | undefined, options: Options): FaultSite<Options> {
  const victim = { target: 'node', number: 1, name: 'node 1' } as Victim;
  return {
    victims: [victim],
    options,
    seed: 1,
    roles: () => Promise.resolve({ leaders: [], coordinator: 0 }),
    ...(links && { links }),
  };
}

describe('a cut', () => {
  test('is confirmed by frames that are lost in it and pass beside it, and healed when they pass', async () => {
    const links = new FakeLinks();
    const site = siteOf(links, all);
    await cut.inject(site);
    const proof = await cut.probe(site, 'injected');
    expect(proof.evidence).toContain('lost on 4 of 4 ways that are cut, passed on 2 of 2 others');
    expect(proof.result).toBe('confirmed');
    await cut.heal(site);
    expect(links.rules).toEqual([]);
    expect(await cut.probe(site, 'healed')).toEqual({
      result: 'confirmed',
      evidence: 'frames: passed on 4 of 4 ways again',
    });
  });

  test('that lets frames through is a mismatch that names the way', async () => {
    const links = new FakeLinks();
    links.acts = false;
    const site = siteOf(links, all);
    await cut.inject(site);
    const { result, evidence } = await cut.probe(site, 'injected');
    expect(result).toBe('mismatch');
    expect(evidence).toContain('lost on 0 of 4');
    expect(evidence).toContain('node-1 to node-2');
  });

  test('through which bytes of the broker came is a mismatch', async () => {
    const links = new FakeLinks();
    links.bytesForwarded = 1;
    const site = siteOf(links, all);
    await cut.inject(site);
    expect((await cut.probe(site, 'injected')).result).toBe('mismatch');
  });

  test('that also cuts what it should not is a mismatch', async () => {
    const links = new FakeLinks();
    links.takesMs = ({ from }) => (from === 'node-3' ? null : 0.2);
    const site = siteOf(links, all);
    await cut.inject(site);
    const { result, evidence } = await cut.probe(site, 'injected');
    expect(result).toBe('mismatch');
    expect(evidence).toContain('node-3 to node-2');
  });

  test('of links that nobody uses is inconclusive', async () => {
    const links = new FakeLinks();
    links.connections = 0;
    const site = siteOf(links, all);
    await cut.inject(site);
    expect((await cut.probe(site, 'injected')).result).toBe('inconclusive');
  });

  test('does not take what another cut does for its own doing, nor for its own failure to heal', async () => {
    const links = new FakeLinks();
    await links.apply({ id: 'other', kind: 'cut', links: [{ from: 'node-2', to: 'node-3' }] });
    await links.apply({ id: 'more', kind: 'cut', links: [{ from: 'node-1', to: 'node-2' }] });
    const site = siteOf(links, all);
    await cut.inject(site);
    const proof = await cut.probe(site, 'injected');
    expect(proof.evidence).toContain('lost on 4 of 4 ways that are cut, passed on 1 of 1 others');
    await cut.heal(site);
    expect((await cut.probe(site, 'healed')).evidence).toContain('passed on 3 of 3 ways again');
    expect(links.rules.map(({ id }) => id)).toEqual(['other', 'more']);
  });

  test('is not blamed for a link that another rule cut while the frames were under way', async () => {
    const links = new FakeLinks();
    const site = siteOf(links, all);
    await cut.inject(site);
    const between = [{ from: 'node-2', to: 'node-3' }];
    links.beforeProbe = () => void links.apply({ id: 'late', kind: 'cut', links: between });
    const { result, evidence } = await cut.probe(site, 'injected');
    expect(evidence).toContain('passed on 1 of 1 others');
    expect(result).toBe('confirmed');
  });

  test('fails with a sentence where links do not go through proxies', async () => {
    await expect(cut.inject(siteOf(undefined, all))).rejects.toThrow('do not go through proxies');
  });

  test('heals from a failed injection', async () => {
    const links = new FakeLinks();
    const site = siteOf(links, { ...all, peers: ['node-9'] });
    await expect(cut.inject(site)).rejects.toThrow('there is no node-9');
    expect(await cut.heal(site)).toBeGreaterThan(0);
    expect((await cut.probe(site, 'healed')).result).toBe('inconclusive');
  });
});

describe('a delay', () => {
  const options = { ...all, delayMs: 200, jitterMs: 20 };

  test('is confirmed by frames that take as long as it says', async () => {
    const links = new FakeLinks();
    const site = siteOf(links, options);
    await delay.inject(site);
    const { result, evidence } = await delay.probe(site, 'injected');
    expect(result).toBe('confirmed');
    expect(evidence).toContain(
      '200.2 ms to 200.2 ms over 4 of 4 delayed ways, 0.2 ms at the median',
    );
    await delay.heal(site);
    expect((await delay.probe(site, 'healed')).result).toBe('confirmed');
  });

  test('that does not hold frames is a mismatch', async () => {
    const links = new FakeLinks();
    links.acts = false;
    const site = siteOf(links, options);
    await delay.inject(site);
    expect((await delay.probe(site, 'injected')).result).toBe('mismatch');
  });

  test('is inconclusive where everything takes as long', async () => {
    const links = new FakeLinks();
    links.takesMs = () => 300;
    const site = siteOf(links, options);
    await delay.inject(site);
    expect((await delay.probe(site, 'injected')).result).toBe('inconclusive');
  });

  test('counts the connections that it holds before its victim may be gone', async () => {
    const links = new FakeLinks();
    const site = siteOf(links, options);
    await delay.inject(site);
    links.beforeProbe = () => (links.connections = 0);
    expect((await delay.probe(site, 'injected')).result).toBe('confirmed');
  });

  test('refuses a jitter as long as itself', () => {
    const { error } = delay.options.safeParse({ delayMs: 20, jitterMs: 20 });
    expect(error?.issues[0]?.path).toEqual(['jitterMs']);
    expect(delay.options.parse({})).toMatchObject({ delayMs: 200, jitterMs: 20 });
  });
});

describe('a kill', () => {
  const dying = (links: Links | undefined, deeds: string[]): FaultSite => {
    const site = siteOf(links, {});
    const kill = async (): Promise<number> => (deeds.push('killed'), 7);
    return { ...site, victims: [{ ...site.victims[0]!, kill }] };
  };

  test('takes what its victim had still to send, and again once nobody is left to send more', async () => {
    const links = new FakeLinks();
    await links.apply({ id: 'slow', kind: 'delay', delayMs: 200, jitterMs: 0, links: [] });
    const deeds: string[] = [];
    links.reset = async (among) => {
      deeds.push(among.map(key).join(' '));
      return { atNanos: 8, connections: 2 };
    };
    const site = dying(links, deeds);
    const late = async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      deeds.push('seen to be gone');
      return 7;
    };
    expect(await kill.inject({ ...site, victims: [{ ...site.victims[0]!, kill: late }] })).toBe(7);
    const queues = 'node-1>node-2 node-1>node-3';
    expect(deeds).toEqual([queues, 'seen to be gone', queues]);
  });

  test('resets nothing where no delay holds anything back', async () => {
    const links = new FakeLinks();
    links.reset = () => Promise.reject(new Error('a packet filter resets no connections'));
    expect(await kill.inject(dying(links, []))).toBe(7);
  });

  test('needs no links', async () => {
    const deeds: string[] = [];
    expect(await kill.inject(dying(undefined, deeds))).toBe(7);
    expect(deeds).toEqual(['killed']);
  });
});

describe('a reset', () => {
  test('is confirmed by the connections that it ended, and inconclusive without any', async () => {
    const links = new FakeLinks();
    const site = siteOf(links, { from: 'others' } as const);
    await reset.inject(site);
    expect((await reset.probe(site, 'injected')).result).toBe('confirmed');
    links.connections = 0;
    await reset.inject(site);
    expect((await reset.probe(site, 'injected')).result).toBe('inconclusive');
  });
});
