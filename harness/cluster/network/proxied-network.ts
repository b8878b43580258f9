import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { entryPoint } from '../../entry-point.ts';
import { HarnessError } from '../../errors.ts';
import { Channel } from '../../load/channel.ts';
import { monotonicNanos } from '../../measure/clock.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { Link, LinkRule, Links, RuleTraffic, Sighting, Site } from '../links.ts';
import { splitAddress } from './proxies.ts';
import type {
  ProxyAnswers,
  ProxyAsk,
  ProxyConfig,
  ProxyReply,
  ProxyRequest,
  SiteAddress,
} from './protocol.ts';

const readyMsMax = 30_000;
/** The supervisor's name for the process. */
export const proxyProcessName = 'network';

interface Waiting {
  resolve(answer: never): void;
  reject(error: Error): void;
}

/** The harness's hold on the proxy process of a run, a child of the supervisor as any other. */
export class ProxiedNetwork implements Links {
  readonly sites: readonly Site[];
  readonly #channel: Channel<ProxyReply, ProxyRequest>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #addresses = new Map<string, string>();
  readonly #rules = new Map<string, LinkRule>();
  #requests = 0;
  #gone = false;

  static async start(options: {
    readonly supervisor: Supervisor;
    readonly sites: readonly Site[];
    /** Takes the configuration and the log of the process. */
    readonly directory: string;
  }): Promise<ProxiedNetwork> {
    const { supervisor, sites, directory } = options;
    const token = randomBytes(16).toString('hex');
    const config: ProxyConfig = { token, pairs: dialledPairs(sites) };
    const file = join(directory, `${proxyProcessName}.json`);
    writeFileSync(file, `${JSON.stringify(config)}\n`, { mode: 0o600 });
    const { process: identity } = await supervisor.spawn({
      name: proxyProcessName,
      command: process.execPath,
      arguments: [entryPoint('harness/cluster/network/main.js'), file],
      logFile: join(directory, `${proxyProcessName}.log`),
    });
    const network = new ProxiedNetwork(sites, await supervisor.firstLine(identity.pid, readyMsMax));
    const { addresses } = await network.#ask({ type: 'hello', token });
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

  async setTargets(targets: readonly SiteAddress[]): Promise<void> {
    await this.#ask({ type: 'targets', targets });
  }

  async apply(rule: LinkRule): Promise<number> {
    const { atNanos } = await this.#ask({ type: 'apply', rule });
    this.#rules.set(rule.id, rule);
    return atNanos;
  }

  async lift(id: string): Promise<number> {
    if (this.#gone) return monotonicNanos();
    const { atNanos } = await this.#ask({ type: 'lift', id });
    this.#rules.delete(id);
    return atNanos;
  }

  reset(links: readonly Link[]): Promise<ProxyAnswers['reset']> {
    return this.#ask({ type: 'reset', links });
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
  return new HarnessError('cluster', 'the process that carries the network of the run has ended');
}
