import { BrokerError } from '../errors.ts';
import { ApiKey } from '../protocol/api.ts';
import type { ResponseOf } from '../protocol/codec.ts';
import { apiVersion, decodeRequest, encodeResponse } from '../protocol/messages.ts';
import { requestCorrelationId } from '../protocol/messages.ts';
import type { AnyRequest } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { createTopic, initProducer } from './admin.ts';
import { commitCursor, openCursor } from './cursor.ts';
import { describeNode, listMetadata, listOffsets } from './describe.ts';
import { PendingFetch, serveFetch } from './fetch.ts';
import { heartbeatGroup, joinGroup, leaveGroup } from './group.ts';
import type { NodeParts } from './node-parts.ts';
import { handleProduce } from './produce.ts';
import { handleRaft } from './raft-input.ts';
import type { Session } from './session.ts';

/** What a fetch takes while it waits, besides its frame. */
const waitingFetchBytes = 256;

/** Sends a frame that came in to whoever answers it. Never throws on what a client sent. */
export function handleFrame(
  parts: NodeParts,
  session: Session,
  bytes: Buffer,
  from: number,
  to: number,
): void {
  parts.metrics.requests++;
  const api = to > from ? bytes[from] : undefined;
  if (api === ApiKey.produce) {
    handleProduce(parts, session, bytes, from, to);
  } else if (api === ApiKey.raft) {
    handleRaft(parts, session, bytes.subarray(from, to));
  } else {
    handleDecoded(parts, session, bytes.subarray(from, to));
  }
}

function handleDecoded(parts: NodeParts, session: Session, frame: Buffer): void {
  let request: AnyRequest;
  try {
    request = decodeRequest(frame);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    session.answerError(requestCorrelationId(frame), error.code, error.message);
    return;
  }
  if (request.api === 'fetch') {
    fetchRecords(parts, session, frame.length, request);
    return;
  }
  session.begin(frame.length);
  respond(parts, session, request).then(
    (chunks) => {
      session.send(chunks);
      session.finish(frame.length);
    },
    (error: unknown) => {
      if (!(error instanceof BrokerError)) throw error;
      session.answerError(request.correlationId, error.code, error.message, error.detail);
      session.finish(frame.length);
    },
  );
}

/** The bytes of the answer. Rejects with a `BrokerError`. */
async function respond(
  parts: NodeParts,
  session: Session,
  { api, correlationId: id, request }: AnyRequest,
): Promise<Buffer[]> {
  switch (api) {
    case 'hello':
      return encodeResponse(api, id, hello(parts, session, request.token));
    case 'metadata':
      return encodeResponse(api, id, listMetadata(parts, request));
    case 'describe':
      return encodeResponse(api, id, describeNode(parts));
    case 'listOffsets':
      return encodeResponse(api, id, await listOffsets(parts, request));
    case 'createTopic':
      return encodeResponse(api, id, await createTopic(parts, session.authorized, request));
    case 'initProducer':
      return encodeResponse(api, id, await initProducer(parts, request));
    case 'openCursor':
      return encodeResponse(api, id, await openCursor(parts, request));
    case 'commitCursor':
      return encodeResponse(api, id, await commitCursor(parts, request));
    case 'joinGroup':
      return encodeResponse(api, id, await joinGroup(parts, request));
    case 'heartbeatGroup':
      return encodeResponse(api, id, heartbeatGroup(parts, request));
    case 'leaveGroup':
      return encodeResponse(api, id, leaveGroup(parts, request));
    case 'produce':
    case 'fetch':
      throw new BrokerError('invalid-request', `${api} is not answered here`);
  }
}

/** A wrong token is refused at once; no token is a client that wants no admin calls. */
function hello(parts: NodeParts, session: Session, token: string): ResponseOf<'hello'> {
  if (token !== '') {
    if (!parts.isToken(token)) {
      throw new BrokerError('unauthorized', 'this is not the token of the cluster');
    }
    session.authorized = true;
  }
  return {
    nodeId: parts.nodeId,
    protocolVersion: apiVersion,
    frameBytesMax: parts.limits.frameBytesMax,
    batchBytesMax: parts.limits.batchBytesMax,
  };
}

function fetchRecords(
  parts: NodeParts,
  session: Session,
  bytes: number,
  { correlationId, request }: Extract<AnyRequest, { api: 'fetch' }>,
): void {
  parts.metrics.fetches++;
  const nowMs = parts.env.clock.monotonicMs();
  const waitMs = Math.min(request.waitMs, parts.limits.fetchWaitMsMax);
  const deadlineMs = nowMs + waitMs;
  const fetch = new PendingFetch({
    receiver: session,
    correlationId,
    request,
    deadlineMs,
    bytes: bytes + waitingFetchBytes,
  });
  const partition = parts.replicas.partition(request.topicId, request.partition);
  if (partition === undefined) {
    fetch.failWith(parts.replicas.whyMissing(request.topicId, request.partition));
  } else if (partition.failure !== undefined) {
    fetch.failWith(partition.failure);
  } else {
    serveFetch(partition, fetch, undefined);
  }
}
