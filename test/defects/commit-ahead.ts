import type { Message } from '../../broker/raft/types.ts';
import { runNode } from '../../broker/server/run-node.ts';

// Odd, or it would always be the same one of two followers.
const loseEvery = 199;

/**
 * The commit index runs ahead: what a leader hears is rewritten to say that its follower has all
 * that was ever sent to it. The network also loses one message with entries in 199, which a correct
 * leader repairs and this one never learns of. The leader dies, and acked entries are nowhere:
 * `lost-tail`, `vanished`.
 */
class HearsayLeader {
  readonly #sent = new Map<string, number>();
  #appends = 0;

  outgoing(groupId: number, message: Message): Message | undefined {
    if (message.type !== 'append' || message.entries.length === 0) return message;
    const peer = `${groupId}/${message.to}`;
    this.#sent.set(peer, Math.max(this.#sent.get(peer) ?? 0, message.entries.at(-1)!.index));
    return groupId !== 0 && ++this.#appends % loseEvery === 0 ? undefined : message;
  }

  incoming(groupId: number, message: Message): Message {
    if (message.type !== 'append-response' || groupId === 0) return message;
    const sent = this.#sent.get(`${groupId}/${message.from}`);
    return sent === undefined ? message : { ...message, rejected: false, index: sent };
  }
}

const leader = new HearsayLeader();

await runNode(process.argv.slice(2), {
  outgoingMessage: (groupId, message) => leader.outgoing(groupId, message),
  incomingMessage: (groupId, message) => leader.incoming(groupId, message),
});
