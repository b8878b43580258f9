import { ApiKey } from './api.ts';
import { writeU32, writeU64 } from './integers.ts';
import { apiVersion } from './messages.ts';

/**
 * The produce request and its answer for the hot path: the same bytes as `encodeRequest` and
 * `encodeResponse` give, written into a buffer of the caller, so that a turn's worth of them is one
 * allocation and one chunk.
 */

/** Bytes of a produce request before its batch, length included. */
export const produceHeadBytes = 18;
/** Bytes of the answer to a produce request, length included. */
export const produceResponseBytes = 26;

/** Writes what goes before a batch of `batchBytes`; returns the position behind it. */
export function writeProduceHead(
  to: Buffer,
  at: number,
  head: {
    readonly correlationId: number;
    readonly topicId: number;
    readonly partition: number;
    readonly batchBytes: number;
  },
): number {
  writeU32(to, at, produceHeadBytes - 4 + head.batchBytes);
  to[at + 4] = ApiKey.produce;
  to[at + 5] = apiVersion;
  writeU32(to, at + 6, head.correlationId);
  writeU32(to, at + 10, head.topicId);
  writeU32(to, at + 14, head.partition);
  return at + produceHeadBytes;
}

/** Chunks of a produce request; the batch is passed on, not copied. */
export function encodeProduce(
  correlationId: number,
  request: { readonly topicId: number; readonly partition: number; readonly batch: Buffer },
): [head: Buffer, batch: Buffer] {
  const head = Buffer.allocUnsafe(produceHeadBytes);
  writeProduceHead(head, 0, {
    correlationId,
    topicId: request.topicId,
    partition: request.partition,
    batchBytes: request.batch.length,
  });
  return [head, request.batch];
}

/** Writes the answer of a produce request; returns the position behind it. */
export function writeProduceResponse(
  to: Buffer,
  at: number,
  response: {
    readonly correlationId: number;
    readonly baseOffset: number;
    readonly term: number;
  },
): number {
  writeU32(to, at, produceResponseBytes - 4);
  writeU32(to, at + 4, response.correlationId);
  to.writeUInt16LE(0, at + 8);
  writeU64(to, at + 10, response.baseOffset);
  writeU64(to, at + 18, response.term);
  return at + produceResponseBytes;
}
