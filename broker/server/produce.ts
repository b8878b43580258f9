import { bodyIntact, checkProducedBatch } from '../protocol/batch.ts';
import { apiVersion } from '../protocol/messages.ts';
import type { NodeParts } from './node-parts.ts';
import type { Session } from './session.ts';
import { readU32 } from '../protocol/integers.ts';

/** Frame without its length: `u8 api, u8 version, u32 correlationId, u32 topicId, u32 partition`. */
const headBytes = 14;

/**
 * The hot path, so it reads the frame in place (bytes `from` up to `to`): shape and CRC here, then
 * the partition's produce path. The batch is a slice of what came off the socket and is never
 * copied here.
 */
export function handleProduce(
  parts: NodeParts,
  session: Session,
  bytes: Buffer,
  from: number,
  to: number,
): void {
  if (to - from < headBytes || bytes[from + 1] !== apiVersion) {
    refuseFrame(session, bytes.subarray(from, to));
    return;
  }
  const correlationId = readU32(bytes, from + 2);
  const topicId = readU32(bytes, from + 6);
  const partitionNumber = readU32(bytes, from + 10);
  const partition = parts.replicas.partition(topicId, partitionNumber);
  if (partition === undefined) {
    const why = parts.replicas.whyMissing(topicId, partitionNumber);
    session.answerError(correlationId, why.code, why.message, 1);
    return;
  }
  const batch = bytes.subarray(from + headBytes, to);
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
  partition.produce(batch, {
    receiver: session,
    correlationId,
    bytes: to - from,
    index: 0,
    term: 0,
    baseOffset: 0,
  });
}

function refuseFrame(session: Session, frame: Buffer): void {
  const correlationId = frame.length >= 6 ? readU32(frame, 2) : 0;
  if (frame.length >= 2 && frame[1] !== apiVersion) {
    const why = `this node speaks version ${apiVersion} of produce, not ${frame[1]}`;
    session.answerError(correlationId, 'unsupported-version', why, 1);
  } else {
    session.answerError(correlationId, 'invalid-request', 'a produce request ends too early', 1);
  }
}
