import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../../../errors.ts';
import { monotonicNanos } from '../../../measure/clock.ts';
import type { Link, LinkRule, Links, RuleTraffic, Sighting, Site } from '../../links.ts';
import type { RunNetworks } from '../networks.ts';
import type { GateClient } from './gate-client.ts';
import { networkOf } from './network-of.ts';

/** A frame that is expected is waited for this long: the machine may be busy. */
const arriveMsMax = 10_000;
/** Frames that should not arrive get this long to show up, and as long as the others needed. */
const quietMs = 250;
const roundMs = 25;

/**
 * Links as the kernel has them: a packet filter in the network of each site drops what comes in
 * from those whose way to it is cut. Nobody is told, as on a dead wire: connections stay, senders
 * send again ever more rarely, and what is still under way after the healing arrives late.
 */
export class FilteredLinks implements Links {
  readonly sites: readonly Site[];
  readonly #networks: RunNetworks;
  readonly #gates: ReadonlyMap<string, GateClient>;
  readonly #rules = new Map<string, LinkRule>();
  /** Rules that are in force until it is confirmed that they are not. */
  readonly #lifting = new Set<string>();
  /** By rule: bytes that had come over its links when it took effect. */
  readonly #before = new Map<string, number>();

  constructor(options: {
    readonly sites: readonly Site[];
    readonly networks: RunNetworks;
    readonly gates: ReadonlyMap<string, GateClient>;
  }) {
    this.sites = options.sites;
    this.#networks = options.networks;
    this.#gates = options.gates;
  }

  /** From here on it is counted what passes. */
  async watch(): Promise<void> {
    await Promise.all(
      this.sites.map(({ name: to }) => {
        const others = this.sites.filter(({ name }) => name !== to);
        const sources = others.flatMap(({ name: from }) => this.#sourcesOf({ from, to }));
        return this.#gate(to).ask({ type: 'watch', sources });
      }),
    );
  }

  get rules(): readonly LinkRule[] {
    return [...this.#rules.values()];
  }

  async apply(rule: LinkRule): Promise<number> {
    assert(!this.#rules.has(rule.id), `a rule called "${rule.id}" is in force`);
    if (rule.kind !== 'cut')
      throw new HarnessError('cluster', 'a packet filter can only cut links');
    this.#rules.set(rule.id, rule);
    const atNanos = await this.#filter(rule.links);
    this.#before.set(rule.id, await this.#bytesOver(rule.links));
    return atNanos;
  }

  async lift(id: string): Promise<number> {
    const links = this.#rules.get(id)?.links ?? [];
    this.#lifting.add(id);
    try {
      const atNanos = await this.#filter(links);
      this.#rules.delete(id);
      this.#before.delete(id);
      return atNanos;
    } finally {
      this.#lifting.delete(id);
    }
  }

  reset(): Promise<never> {
    return Promise.reject(new HarnessError('cluster', 'a packet filter resets no connections'));
  }

  async probe(links: readonly Link[], expectLost: readonly Link[]): Promise<readonly Sighting[]> {
    const lost = new Set(expectLost.map(keyOf));
    const run = randomBytes(8).toString('hex');
    const frames = links.map((link, index) => ({
      link,
      expected: !lost.has(keyOf(link)),
      /** Of each copy that was sent: when. */
      sentAt: [] as number[],
      arrivedMs: null as number | null,
      id: (copy: number): string => `${run}.${index}.${copy}`,
    }));
    const began = performance.now();
    for (;;) {
      const open = frames.filter(({ arrivedMs }) => arrivedMs === null);
      await this.#sendCopies(open);
      await sleep(roundMs);
      await this.#lookFor(open);
      const missing = frames.some(({ expected, arrivedMs }) => expected && arrivedMs === null);
      const tookMs = performance.now() - began;
      if (tookMs > arriveMsMax || (!missing && tookMs > quietMs)) break;
    }
    return frames.map(({ link, arrivedMs }) => ({ ...link, dialledBy: link.from, arrivedMs }));
  }

  async traffic(id: string): Promise<RuleTraffic> {
    const rule = this.#rules.get(id);
    assert(rule, `no rule called "${id}" is in force`);
    const [bytes, connections] = await Promise.all([
      this.#bytesOver(rule.links),
      this.#connectionsOver(rule.links),
    ]);
    return { connections, bytesForwarded: bytes - (this.#before.get(id) ?? 0) };
  }

  close(): void {
    for (const gate of this.#gates.values()) gate.close();
  }

  /** Brings the filters of all sites to which these links lead in line with the rules. */
  async #filter(links: readonly Link[]): Promise<number> {
    const wanted = this.rules.filter(({ id }) => !this.#lifting.has(id));
    const cut = wanted.flatMap((rule) => rule.links);
    const times = await Promise.all(
      [...new Set(links.map(({ to }) => to))].map(async (to) => {
        const onto = cut.filter((link) => link.to === to);
        const sources = [...new Set(onto.flatMap((link) => this.#sourcesOf(link)))];
        return this.#gate(to).drop(sources);
      }),
    );
    return times.length === 0 ? monotonicNanos() : Math.max(...times);
  }

  async #bytesOver(links: readonly Link[]): Promise<number> {
    const sums = await Promise.all(
      bySite(links).map(async ([to, into]) => {
        const sources = into.flatMap((link) => this.#sourcesOf(link));
        return (await this.#gate(to).ask({ type: 'passed', sources })).bytes;
      }),
    );
    return sums.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Each is seen at both its ends, and counted at one. */
  async #connectionsOver(links: readonly Link[]): Promise<number> {
    const pairs = new Map(links.map((link) => [[link.from, link.to].toSorted().join(), link]));
    const counts = await Promise.all(
      bySite([...pairs.values()]).map(async ([to, into]) => {
        const peers = into.flatMap((link) => this.#sourcesOf(link));
        return (await this.#gate(to).ask({ type: 'connections', peers })).count;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #sendCopies(
    frames: readonly { link: Link; sentAt: number[]; id: (copy: number) => string }[],
  ): Promise<void> {
    await Promise.all(
      frames.map(async ({ link, sentAt, id }) => {
        const to = this.#networks.addressOf(link.to, networkOf(this.sites, link));
        const copy = sentAt.length;
        const sent = await this.#gate(link.from).ask({
          type: 'send',
          frames: [{ id: id(copy), to }],
        });
        sentAt.push(sent.atNanos);
      }),
    );
  }

  async #lookFor(
    frames: readonly {
      link: Link;
      sentAt: number[];
      arrivedMs: number | null;
      id: (copy: number) => string;
    }[],
  ): Promise<void> {
    await Promise.all(
      frames.map(async (frame) => {
        const ids = frame.sentAt.map((_, copy) => frame.id(copy));
        const { atNanos } = await this.#gate(frame.link.to).ask({ type: 'arrivals', ids });
        const copy = atNanos.findIndex((at) => at !== null);
        // The sender looks at the clock after the deed, and so may the receiver before it.
        if (copy >= 0) frame.arrivedMs = Math.max(0, (atNanos[copy]! - frame.sentAt[copy]!) / 1e6);
      }),
    );
  }

  /** The addresses under which the one can come to the other. */
  #sourcesOf(link: Link): string[] {
    const client = this.#networks.addressOf(link.from, 'client');
    if (networkOf(this.sites, link) === 'client') return [client];
    return [this.#networks.addressOf(link.from, 'cluster'), client];
  }

  #gate(site: string): GateClient {
    const gate = this.#gates.get(site);
    if (gate === undefined) throw new HarnessError('cluster', `there is no ${site} on the network`);
    return gate;
  }
}

function bySite(links: readonly Link[]): [to: string, links: Link[]][] {
  const sites = new Map<string, Link[]>();
  for (const link of links) sites.set(link.to, [...(sites.get(link.to) ?? []), link]);
  return [...sites];
}

function keyOf({ from, to }: Link): string {
  return `${from}>${to}`;
}
