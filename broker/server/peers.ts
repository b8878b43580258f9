import type { Env } from '../env/env.ts';
import { encodeRaftFrames } from '../protocol/raft-frame.ts';
import type { GroupMessage } from '../protocol/raft-frame.ts';
import type { Message } from '../raft/types.ts';
import type { Metrics } from './metrics.ts';
import type { NodeAddress, Report } from './node-options.ts';
import { PeerLink } from './peer-link.ts';

export interface PeersOptions {
  readonly env: Env;
  readonly nodeId: number;
  readonly nodes: readonly NodeAddress[];
  readonly token: string;
  readonly frameBytesMax: number;
  readonly metrics: Metrics;
  readonly report: Report;
}

/**
 * The way to the other nodes: one connection to each, dialled from here and used in this direction
 * only, for the messages of all Raft groups; what a turn of the event loop has to say to a peer is
 * one frame. Messages that cannot go out now are dropped: Raft repeats what matters.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #links = new Map<number, PeerLink>();
  readonly #queues = new Map<number, GroupMessage[]>();
  #flushDue = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    const { env, nodeId, token, report } = options;
    for (const node of options.nodes) {
      if (node.id === nodeId) continue;
      const address = node.peerAddress ?? node.clientAddress;
      this.#links.set(
        node.id,
        new PeerLink({ env, nodeId, peerId: node.id, address, token, report }),
      );
      this.#queues.set(node.id, []);
    }
  }

  send(groupId: number, message: Message): void {
    const link = this.#links.get(message.to);
    if (link === undefined || !link.ready) {
      this.#options.metrics.peerMessagesDropped++;
      return;
    }
    this.#queues.get(message.to)!.push({ groupId, message });
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#options.env.clock.defer(() => this.#flush());
  }

  /** Dials again where a connection is missing. */
  tick(nowMs: number): void {
    for (const link of this.#links.values()) link.tick(nowMs);
  }

  connected(peerId: number): boolean {
    return this.#links.get(peerId)?.ready === true;
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
  }

  #flush(): void {
    this.#flushDue = false;
    for (const [peerId, queue] of this.#queues) {
      if (queue.length === 0) continue;
      const link = this.#links.get(peerId)!;
      if (link.ready) {
        this.#options.metrics.peerFramesOut++;
        link.write(encodeRaftFrames(queue, this.#options.frameBytesMax));
      } else {
        this.#options.metrics.peerMessagesDropped += queue.length;
      }
      queue.length = 0;
    }
  }
}
