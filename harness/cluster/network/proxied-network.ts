import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { HarnessError } from '../../errors.ts';
import { Channel } from '../../load/channel.ts';
import { heardOf, monotonicNanos } from '../../measure/clock.ts';
import type { Link, LinkRule, Links, RuleTraffic, Sighting, Site } from '../links.ts';
import { splitAddress, type DialPlace } from './proxies.ts';
import type { ProxyAnswers, ProxyAsk, ProxyReply, ProxyRequest } from './protocol.ts';

/** The supervisor's name for the proxies, whatever they live in. */
export const proxiesName = 'network';

/** In what the proxies of a run live, and where they are found. */
export interface ProxyHome {
  /** At which of their addresses those dial who go this way. */
  hostOf(link: Link): string;
  /** Starts them; resolves with the address at which the harness reaches them. */
  start(config: { readonly token: string; readonly pairs: readonly DialPlace[] }): Promise<string>;
}

interface Waiting {
  resolve(answer: never): void;
  reject(error: Error): void;
}

/** The harness's hold on the proxies of a run, a child of the supervisor as any other. */
export class ProxiedNetwork implements Links {
  readonly sites: readonly Site[];
  readonly #channel: Channel<ProxyReply, ProxyRequest>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #addresses = new Map<string, string>();
  readonly #rules = new Map<string, LinkRule>();
  #clockDomain = '';
  #requests = 0;
  #gone = false;

  static async start(sites: readonly Site[], home: ProxyHome): Promise<ProxiedNetwork> {
    const token = randomBytes(16).toString('hex');
    const pairs = dialledPairs(sites).map((pair) => ({ ...pair, host: home.hostOf(pair) }));
    const network = new ProxiedNetwork(sites, await home.start({ token, pairs }));
    const { addresses, clockDomain } = await network.#ask({ type: 'hello', token });
    network.#clockDomain = clockDomain;
    for (const { from, to, address } of addresses) network.#addresses.set(`${from}>${to}`, address);
    return network;
  }

  private constructor(sites: readonly Site[], control: string) {
    this.sites = sites;
    const [host, port] = splitAddress(control);
    this.#channel = new Channel(connect({ host, port }), {
      onMessage: (reply) => this.#hear(reply),
      onClose: () => this.#lost(),
    });
  }

  get rules(): readonly LinkRule[] {
    return [...this.#rules.values()];
  }

  /** Where `from` dials to reach `to`. */
  addressOf({ from, to }: Link): string {
    const address = this.#addresses.get(`${from}>${to}`);
    if (address === undefined) throw new HarnessError('cluster', `${from} has no way to ${to}`);
    return address;
  }

  /** Where the sites themselves are to be dialled, by who dials. */
  async setTargets(addressOf: (link: Link) => string): Promise<void> {
    const pairs = dialledPairs(this.sites);
    const targets = pairs.map((pair) => ({ ...pair, address: addressOf(pair) }));
    await this.#ask({ type: 'targets', targets });
  }

  async apply(rule: LinkRule): Promise<number> {
    const { atNanos } = await this.#ask({ type: 'apply', rule });
    this.#rules.set(rule.id, rule);
    return heardOf({ atNanos, domain: this.#clockDomain });
  }

  async lift(id: string): Promise<number> {
    if (this.#gone) return monotonicNanos();
    const { atNanos } = await this.#ask({ type: 'lift', id });
    this.#rules.delete(id);
    return heardOf({ atNanos, domain: this.#clockDomain });
  }

  async reset(links: readonly Link[]): Promise<ProxyAnswers['reset']> {
    const { atNanos, connections } = await this.#ask({ type: 'reset', links });
    return { atNanos: heardOf({ atNanos, domain: this.#clockDomain }), connections };
  }

  async probe(links: readonly Link[], expectLost: readonly Link[]): Promise<readonly Sighting[]> {
    return (await this.#ask({ type: 'probe', links, expectLost })).sightings;
  }

  traffic(id: string): Promise<RuleTraffic> {
    return this.#ask({ type: 'traffic', id });
  }

  close(): void {
    this.#channel.end();
  }

  #ask<A extends ProxyAsk>(ask: A): Promise<ProxyAnswers[A['type']]> {
    if (this.#gone) return Promise.reject(goneError());
    const request = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      this.#channel.send({ request, ...ask });
    });
  }

  #hear(reply: ProxyReply): void {
    const waiting = this.#waiting.get(reply.request);
    this.#waiting.delete(reply.request);
    if ('refused' in reply) waiting?.reject(new HarnessError('cluster', reply.refused));
    else waiting?.resolve(reply.answer as never);
  }

  #lost(): void {
    this.#gone = true;
    for (const { reject } of this.#waiting.values()) reject(goneError());
    this.#waiting.clear();
  }
}

/** Every node dials every other, and every client every node. */
function dialledPairs(sites: readonly Site[]): Link[] {
  const nodes = sites.filter(({ kind }) => kind === 'node');
  return sites.flatMap(({ name: from }) =>
    nodes.flatMap(({ name: to }) => (from === to ? [] : [{ from, to }])),
  );
}

function goneError(): HarnessError {
  return new HarnessError('cluster', 'what carries the network of the run has ended');
}
