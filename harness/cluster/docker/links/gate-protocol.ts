/**
 * What the harness and the gate of a site say to each other: JSON lines over one TCP connection that
 * begins with the token. Requests are answered in order, each once it took effect. A gate is a
 * container that owns the network of one site: the node or worker lives in that network, over all
 * its lives, and the gate alone may filter what comes in.
 */
export type GateAsk =
  | { readonly type: 'hello'; readonly token: string }
  /** Once: bytes of TCP that come in from these addresses, past the filter, are counted. */
  | { readonly type: 'watch'; readonly sources: readonly string[] }
  /** From now on nothing comes in from these addresses, and from all others it does. */
  | { readonly type: 'drop'; readonly sources: readonly string[] }
  | { readonly type: 'passed'; readonly sources: readonly string[] }
  | { readonly type: 'connections'; readonly peers: readonly string[] }
  /** A datagram for each, to the frame port of another gate. */
  | {
      readonly type: 'send';
      readonly frames: readonly { readonly id: string; readonly to: string }[];
    }
  | { readonly type: 'arrivals'; readonly ids: readonly string[] };

export type GateRequest = GateAsk & { readonly request: number };

/** Times are monotonic nanoseconds of the engine's kernel. */
export interface GateAnswers {
  readonly hello: { readonly clockDomain: string };
  readonly watch: { readonly atNanos: number };
  readonly drop: { readonly atNanos: number };
  readonly passed: { readonly bytes: number };
  /** Open TCP connections of the site with these addresses. */
  readonly connections: { readonly count: number };
  readonly send: { readonly atNanos: number };
  /** When each came in first; null = not yet. */
  readonly arrivals: { readonly atNanos: readonly (number | null)[] };
}

export type GateReply =
  | { readonly request: number; readonly answer: GateAnswers[keyof GateAnswers] }
  | { readonly request: number; readonly refused: string };

/** In the network of a site; the site itself uses others. */
export const gatePort = 7001;
export const framePort = 7002;
/** Where a gate finds its token. */
export const gateTokenVariable = 'ACKWORTH_GATE_TOKEN';
