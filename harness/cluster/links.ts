/**
 * The network of a run, where every link goes through proxies: between any two nodes, and between
 * each load worker and each node. A link is a way from one site to another and covers connections
 * dialled by either side: what i sends to j goes over (i, j), whoever dialled.
 */
export interface Link {
  readonly from: string;
  readonly to: string;
}

/** A place on that network, called as the supervisor calls its process: `node-1`, `consumer-2`. */
export interface Site {
  readonly name: string;
  readonly kind: 'node' | 'client';
  /** Of a client that sits beside a node: what cuts that node off cuts the client off with it. */
  readonly besideNode?: string;
}

/**
 * What is done to links until the rule of this id is lifted. Rules overlap: a link is cut while any
 * rule cuts it, and delays add up.
 *
 * A cut forwards nothing and resets nothing: it stops reading, so that senders block as they would
 * on a dead wire, and new connections are accepted and get silence. Once no cut is left on either
 * way of a connection that was under one, both its sides are reset, so that they dial again.
 * A delay holds every byte for `delayMs`, give or take `jitterMs`, and keeps the order. It stands for
 * a queue of the sender's own: what a reset finds in it is gone.
 */
export type LinkRule = { readonly id: string; readonly links: readonly Link[] } & (
  | { readonly kind: 'cut' }
  | { readonly kind: 'delay'; readonly delayMs: number; readonly jitterMs: number }
);

/** What became of a frame that was sent over a link, on a connection dialled by `dialledBy`. */
export interface Sighting extends Link {
  readonly dialledBy: string;
  /** From sending to arrival; null = it did not arrive. */
  readonly arrivedMs: number | null;
}

/** What the proxies saw of the real traffic since a rule took effect. */
export interface RuleTraffic {
  /** Open connections that go over its links. */
  readonly connections: number;
  /** Bytes that came out of its links since it took effect. */
  readonly bytesForwarded: number;
}

/** A fault's hold on the network. Times are monotonic nanoseconds. */
export interface Links {
  readonly sites: readonly Site[];
  /** Resolves once not a byte more goes against the rule. The id must not be in use. */
  apply(rule: LinkRule): Promise<number>;
  /** An id that is not in use is no mistake: there is nothing left to lift. */
  lift(id: string): Promise<number>;
  /** Rules that were applied and not lifted, in order. */
  readonly rules: readonly LinkRule[];
  /** RST to both sides of every connection that goes over one of these links. */
  reset(
    links: readonly Link[],
  ): Promise<{ readonly atNanos: number; readonly connections: number }>;
  /**
   * Sends a frame over each way of each of these links through the very machinery that carries the
   * traffic, on a connection of its own for each side that may dial. It waits for the frames that
   * are not expected to be lost, and long enough for the others to show up if they can.
   */
  probe(links: readonly Link[], expectLost: readonly Link[]): Promise<readonly Sighting[]>;
  traffic(id: string): Promise<RuleTraffic>;
}
