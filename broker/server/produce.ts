import type { BatchIdentity } from '../partition/producers.ts';
import { bodyIntact, checkProducedBatch, readU64 } from '../protocol/batch.ts';
import { apiVersion } from '../protocol/messages.ts';
import type { HostedPartition } from './hosted-partition.ts';
import type { NodeParts } from './node-parts.ts';
import type { Session } from './session.ts';

/** Frame without its length: `u8 api, u8 version, u32 correlationId, u32 topicId, u32 partition`. */
const headBytes = 14;

/**
 * The hot path, so it reads the frame in place: shape, CRC, admission, append, and then a small
 * record in the partition's queue until the log has it as safe as the topic asks. The batch is a
 * slice of what came off the socket and is never copied here.
 */
export function handleProduce(parts: NodeParts, session: Session, frame: Buffer): void {
  if (frame.length < headBytes || frame[1] !== apiVersion) {
    refuseFrame(session, frame);
    return;
  }
  const correlationId = frame.readUInt32LE(2);
  const partition = parts.replicas.partition(frame.readUInt32LE(6), frame.readUInt32LE(10));
  if (partition === undefined) {
    const why = parts.replicas.whyMissing(frame.readUInt32LE(6), frame.readUInt32LE(10));
    session.answerError(correlationId, why.code, why.message, 1);
    return;
  }
  const batch = frame.subarray(headBytes);
  const wrong = checkProducedBatch(batch);
  if (wrong !== undefined) {
    session.answerError(correlationId, 'invalid-request', wrong, 1);
    return;
  }
  if (batch.length > parts.limits.batchBytesMax) {
    const why = `a batch may have ${parts.limits.batchBytesMax} bytes at most`;
    session.answerError(correlationId, 'too-large', why, 1);
    return;
  }
  if (!bodyIntact(batch)) {
    session.answerError(correlationId, 'corrupt-batch', 'the batch does not match its CRC', 1);
    return;
  }
  if (parts.budget.overloaded) {
    session.answerError(correlationId, 'overloaded', 'the node holds too many requests', 1);
    return;
  }
  const refusal = partition.refusal();
  if (refusal !== undefined) {
    session.answerError(correlationId, refusal.code, refusal.message, refusal.detail);
    return;
  }
  const identity = identityOf(batch);
  if (identity !== undefined) {
    if (!admit(parts, partition, identity, { session, correlationId, frame })) return;
  }
  append(parts, partition, identity, { session, correlationId, frame, batch });
}

interface Request {
  readonly session: Session;
  readonly correlationId: number;
  readonly frame: Buffer;
}

/** Undefined for a batch of no producer. The fields that the broker fills may hold anything. */
function identityOf(batch: Buffer): BatchIdentity | undefined {
  const producerId = readU64(batch, 40);
  if (producerId === 0) return undefined;
  return {
    producerId,
    epoch: batch.readUInt32LE(48),
    baseSequence: batch.readUInt32LE(52),
    recordCount: batch.readUInt32LE(56),
  };
}

/** False when the request was dealt with: a copy of an earlier one, or refused. */
function admit(
  parts: NodeParts,
  partition: HostedPartition,
  identity: BatchIdentity,
  request: Request,
): boolean {
  const admission = partition.gate.admit(identity);
  if (admission.kind === 'append') return true;
  const { session, correlationId, frame } = request;
  if (admission.kind === 'error') {
    const { code, detail } = admission;
    const { producerId, epoch, baseSequence } = identity;
    const batch = `batch ${baseSequence} of producer ${producerId}, epoch ${epoch}`;
    session.answerError(correlationId, code, `${code}: ${batch}`, detail);
    return false;
  }
  parts.metrics.duplicates++;
  session.begin(frame.length);
  const { index, term, baseOffset } = admission;
  partition.awaitAck({ receiver: session, correlationId, bytes: frame.length, index, term, baseOffset });
  return false;
}

function append(
  parts: NodeParts,
  partition: HostedPartition,
  identity: BatchIdentity | undefined,
  request: Request & { readonly batch: Buffer },
): void {
  const { session, correlationId, frame } = request;
  const placed = partition.replica.propose(request.batch);
  if (placed === undefined) {
    session.answerError(correlationId, 'not-leader', 'this node stopped leading the partition', 1);
    return;
  }
  if (identity !== undefined) partition.gate.appended(identity, placed);
  parts.metrics.recordsAppended += request.batch.readUInt32LE(56);
  session.begin(frame.length);
  const { index, term, baseOffset } = placed;
  partition.awaitAck({ receiver: session, correlationId, bytes: frame.length, index, term, baseOffset });
}

function refuseFrame(session: Session, frame: Buffer): void {
  const correlationId = frame.length >= 6 ? frame.readUInt32LE(2) : 0;
  if (frame.length >= 2 && frame[1] !== apiVersion) {
    const why = `this node speaks version ${apiVersion} of produce, not ${frame[1]}`;
    session.answerError(correlationId, 'unsupported-version', why, 1);
  } else {
    session.answerError(correlationId, 'invalid-request', 'a produce request ends too early', 1);
  }
}
