import type { Message } from '../../broker/raft/types.ts';
import { runNode } from '../../broker/server/run-node.ts';

const loseEvery = 3;
let appends = 0;

/**
 * An election that ignores the log: a candidate claims the longest log there is, so nobody refuses
 * it. One that lacks acked entries wins, and they are cut everywhere: `lost-tail`. The network also
 * loses every third message with entries, which Raft repairs, so that followers do lag behind.
 */
function boast(_groupId: number, message: Message): Message {
  if (message.type !== 'vote' && message.type !== 'pre-vote') return message;
  return { ...message, lastTerm: message.term, lastIndex: Number.MAX_SAFE_INTEGER };
}

function lose(groupId: number, message: Message): Message | undefined {
  if (groupId === 0 || message.type !== 'append' || message.entries.length === 0) return message;
  return ++appends % loseEvery === 0 ? undefined : message;
}

await runNode(process.argv.slice(2), { outgoingMessage: boast, incomingMessage: lose });
