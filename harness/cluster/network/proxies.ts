import { strict as assert } from 'node:assert';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { monotonicNanos } from '../../measure/clock.ts';
import type { Link, LinkRule, RuleTraffic } from '../links.ts';
import { linkKey, LinkRules } from './link-rules.ts';
import { Relay, type RelayOptions } from './relay.ts';

/** A way to dial: who dials whom, and where. */
export interface DialAddress extends Link {
  readonly address: string;
}

/** The same before there is a port: at which of their own addresses the proxies listen for it. */
export interface DialPlace extends Link {
  readonly host: string;
}

const backlogMax = 512;
/** Refused by every kernel that has nobody there; sites are known before anybody dials. */
const nowhere = '127.0.0.1:1';
/** Where the proxies of processes are dialled. */
export const loopback = '127.0.0.1';

/**
 * The proxies of a run: a listener for each pair of who dials and who is dialled, and one set of
 * rules for all. Where the sites themselves listen is told later, and again when it changes.
 */
export class Proxies {
  readonly #rules = new LinkRules();
  readonly #relays = new Set<Relay>();
  /** Carry probes, and are nobody's traffic. */
  readonly #probes = new Set<Relay>();
  readonly #servers: Server[] = [];
  /** By who dials whom. */
  readonly #targets = new Map<string, string>();
  /** Bytes that came out of each link. */
  readonly #forwarded = new Map<string, number>();
  /** By rule: what had come out of its links when it took effect. */
  readonly #before = new Map<string, number>();

  /** Listens for every pair; ports are the kernel's choice and kept. */
  async listen(pairs: readonly DialPlace[]): Promise<DialAddress[]> {
    return Promise.all(
      pairs.map(async ({ from, to, host }) => {
        const pair = { from, to };
        const server = createServer({ allowHalfOpen: true }, (near) => this.#accept(pair, near));
        this.#servers.push(server);
        return { ...pair, address: await listenAt(server, { host, backlog: backlogMax }) };
      }),
    );
  }

  /** Where those who dial this way are carried to. */
  setTarget(link: Link, address: string): void {
    this.#targets.set(linkKey(link), address);
  }

  apply(rule: LinkRule): number {
    this.#rules.add(rule);
    this.#update();
    this.#before.set(rule.id, this.#forwardedOver(rule.links));
    return monotonicNanos();
  }

  lift(id: string): number {
    const rule = this.#rules.remove(id);
    this.#before.delete(id);
    if (rule !== undefined) {
      const under = rule.kind === 'cut' ? this.#over(rule.links) : [];
      for (const relay of under) relay.healed();
      this.#update();
    }
    return monotonicNanos();
  }

  reset(links: readonly Link[]): { atNanos: number; connections: number } {
    const found = this.#over(links);
    for (const relay of found) relay.reset();
    return { atNanos: monotonicNanos(), connections: found.length };
  }

  traffic(id: string): RuleTraffic {
    const rule = this.#rules.rules.find((candidate) => candidate.id === id);
    assert(rule, `no rule called "${id}" is in force`);
    return {
      connections: this.#over(rule.links).length,
      bytesForwarded: this.#forwardedOver(rule.links) - (this.#before.get(id) ?? 0),
    };
  }

  /** Puts a connection of a probe under the rules of a link, the same way as any other. */
  carryProbe(forward: Link, near: Socket, far: Socket): void {
    this.#carry(this.#probes, { forward, near, far, onForwarded: () => undefined });
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const relay of this.#relays) relay.reset();
  }

  #accept(forward: Link, near: Socket): void {
    this.#carry(this.#relays, {
      forward,
      near,
      far: () => {
        const [host, port] = splitAddress(this.#targets.get(linkKey(forward)) ?? nowhere);
        return connect({ host, port, allowHalfOpen: true });
      },
      onForwarded: (link, bytes) => {
        const key = linkKey(link);
        this.#forwarded.set(key, (this.#forwarded.get(key) ?? 0) + bytes);
      },
    });
  }

  #carry(
    relays: Set<Relay>,
    options: Pick<RelayOptions, 'forward' | 'near' | 'far' | 'onForwarded'>,
  ): void {
    const relay = new Relay({
      ...options,
      stateOf: (link) => this.#rules.stateOf(link),
      onClosed: (closed) => relays.delete(closed),
    });
    relays.add(relay);
  }

  #update(): void {
    for (const relay of [...this.#relays, ...this.#probes]) relay.update();
  }

  #over(links: readonly Link[]): Relay[] {
    const keys = new Set(links.map(linkKey));
    return [...this.#relays].filter(
      ({ forward, backward }) => keys.has(linkKey(forward)) || keys.has(linkKey(backward)),
    );
  }

  #forwardedOver(links: readonly Link[]): number {
    return links.reduce((sum, link) => sum + (this.#forwarded.get(linkKey(link)) ?? 0), 0);
  }
}

export function listenOnLoopback(server: Server, backlog?: number): Promise<string> {
  return listenAt(server, { host: loopback, ...(backlog && { backlog }) });
}

/** Without a port it is the kernel's choice. */
export async function listenAt(
  server: Server,
  at: { readonly host: string; readonly port?: number; readonly backlog?: number },
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, ...at }, resolve);
  });
  const bound = server.address();
  assert(bound !== null && typeof bound !== 'string');
  return `${at.host}:${bound.port}`;
}

export function splitAddress(address: string): [host: string, port: number] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, at), Number(address.slice(at + 1))];
}
