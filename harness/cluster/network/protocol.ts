import type { Link, LinkRule, RuleTraffic, Sighting } from '../links.ts';
import type { DialAddress, DialPlace } from './proxies.ts';

/**
 * What the harness and the proxies say to each other: JSON lines over one TCP connection that the
 * harness opens to their control address, beginning with the token of their configuration. Requests
 * are answered in order, each once it took effect.
 */
export interface ProxyConfig {
  readonly token: string;
  /** Where they listen for the harness; port 0 = the kernel chooses. */
  readonly control: { readonly host: string; readonly port: number };
  /** Who dials whom. */
  readonly pairs: readonly DialPlace[];
}

export type ProxyAsk =
  | { readonly type: 'hello'; readonly token: string }
  /** Where the sites themselves are dialled, by who dials. */
  | { readonly type: 'targets'; readonly targets: readonly DialAddress[] }
  | { readonly type: 'apply'; readonly rule: LinkRule }
  | { readonly type: 'lift'; readonly id: string }
  | { readonly type: 'reset'; readonly links: readonly Link[] }
  | {
      readonly type: 'probe';
      readonly links: readonly Link[];
      readonly expectLost: readonly Link[];
    }
  | { readonly type: 'traffic'; readonly id: string };

export type ProxyRequest = ProxyAsk & { readonly request: number };

/** Times are monotonic nanoseconds of the clock that the proxies have. */
export interface ProxyAnswers {
  readonly hello: {
    readonly addresses: readonly DialAddress[];
    readonly clockDomain: string;
  };
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
