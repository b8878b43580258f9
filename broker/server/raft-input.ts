import { decodeRaftFrame } from '../protocol/raft-frame.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { systemGroupId } from './group-id.ts';
import type { NodeParts } from './node-parts.ts';
import type { Session } from './session.ts';

/** Steps the replicas on a peer's messages. Only a connection that showed the token is a peer. */
export function handleRaft(parts: NodeParts, session: Session, frame: Buffer): void {
  if (!session.authorized) {
    session.answerError(0, 'unauthorized', 'raft frames need the token of the cluster');
    session.closeAfterFlush();
    return;
  }
  parts.metrics.peerFramesIn++;
  const { incomingMessage } = parts.wrap;
  try {
    decodeRaftFrame(frame, (groupId, received) => {
      const message = incomingMessage === undefined ? received : incomingMessage(groupId, received);
      if (message === undefined || message.to !== parts.nodeId) return;
      if (groupId === systemGroupId) parts.system.step(message);
      else parts.replicas.step(groupId, message);
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    session.answerError(0, error.code, error.message);
    session.closeAfterFlush();
  }
}
