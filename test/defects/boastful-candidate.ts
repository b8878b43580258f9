import type { Message } from '../../broker/raft/types.ts';
import { runNode } from '../../broker/server/run-node.ts';

const deafMs = 200;

/**
 * An election that ignores the log: a candidate claims the longest log there is, so nobody refuses
 * it. One that lacks acked entries wins, and they are cut everywhere, though consumers had them:
 * `lost-tail`, `vanished`. So that followers do lag behind, the network loses all entries that are
 * on their way to one of two of them, for 200 ms in turn; Raft repairs that.
 */
function boast(_groupId: number, message: Message): Message {
  if (message.type !== 'vote' && message.type !== 'pre-vote') return message;
  return { ...message, lastTerm: message.term, lastIndex: Number.MAX_SAFE_INTEGER };
}

function lose(groupId: number, message: Message): Message | undefined {
  if (groupId === 0 || message.type !== 'append' || message.entries.length === 0) return message;
  const { from, to } = message;
  const place = to > from ? to - 1 : to;
  return (Math.floor(Date.now() / deafMs) + place) % 2 === 0 ? undefined : message;
}

await runNode(process.argv.slice(2), { outgoingMessage: boast, incomingMessage: lose });
