import type { Link, LinkRule, RuleTraffic, Sighting } from '../links.ts';
import type { DialAddress } from './proxies.ts';

/**
 * What the harness and the proxy process say to each other: JSON lines over one TCP connection that
 * the harness opens to the address of the process's first line, beginning with the token of its
 * configuration. Requests are answered in order, each once it took effect.
 */
export interface ProxyConfig {
  readonly token: string;
  /** Who dials whom. */
  readonly pairs: readonly Link[];
}

export type ProxyAsk =
  | { readonly type: 'hello'; readonly token: string }
  /** Where the sites themselves listen. */
  | { readonly type: 'targets'; readonly targets: readonly SiteAddress[] }
  | { readonly type: 'apply'; readonly rule: LinkRule }
  | { readonly type: 'lift'; readonly id: string }
  | { readonly type: 'reset'; readonly links: readonly Link[] }
  | { readonly type: 'probe'; readonly links: readonly Link[]; readonly expectLost: readonly Link[] }
  | { readonly type: 'traffic'; readonly id: string };

export interface SiteAddress {
  readonly site: string;
  readonly address: string;
}

export type ProxyRequest = ProxyAsk & { readonly request: number };

export interface ProxyAnswers {
  readonly hello: { readonly addresses: readonly DialAddress[] };
  readonly targets: { readonly atNanos: number };
  readonly apply: { readonly atNanos: number };
  readonly lift: { readonly atNanos: number };
  readonly reset: { readonly atNanos: number; readonly connections: number };
  readonly probe: { readonly sightings: readonly Sighting[] };
  readonly traffic: RuleTraffic;
}

export type ProxyReply =
  | { readonly request: number; readonly answer: ProxyAnswers[keyof ProxyAnswers] }
  | { readonly request: number; readonly refused: string };
