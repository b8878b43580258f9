import { BrokerError } from '../errors.ts';
import type { BrokerErrorCode } from '../errors.ts';
import type { RequestOf, ResponseOf } from '../protocol/codec.ts';
import type { ReplicaLog } from './replica-log.ts';

const noBatches = Buffer.alloc(0);

/** What a fetch reads from: a partition as this node holds it. */
export interface FetchSource {
  readonly leading: boolean;
  /** Leads, or is the only one who can be asked. */
  readonly answersReaders: boolean;
  /** Offset behind the last committed record. */
  readonly highWatermark: number;
  readonly replica: { readonly log: ReplicaLog; readonly appliedIndex: number };
  /** Brings the fetch back to `serveFetch` when the high watermark moves, and on each tick. */
  await(fetch: PendingFetch): void;
}

/** Who gets the answer of a fetch: a connection, or the gateway. */
export interface FetchReceiver {
  readonly closed: boolean;
  /** It has not taken the answers that it got; nothing more is read for it. */
  readonly outputFull: boolean;
  /** Most record bytes that one answer may carry. */
  readonly fetchBytesMax: number;
  begin(bytes: number): void;
  finish(bytes: number): void;
  /** Room for an answer that is being read from disk; given back before it is sent. */
  reserveOutput(bytes: number): void;
  releaseOutput(bytes: number): void;
  answer(api: 'fetch', correlationId: number, response: ResponseOf<'fetch'>): void;
  answerError(correlationId: number, code: BrokerErrorCode, message: string, detail?: number): void;
}

/** One fetch from its arrival to its answer. */
export class PendingFetch {
  readonly request: RequestOf<'fetch'>;
  /** Monotonic time at which it is answered with what there is. */
  readonly deadlineMs: number;
  /** There may be records, but the connection has no room for them yet. */
  heldForRoom = false;
  readonly receiver: FetchReceiver;
  readonly #correlationId: number;
  readonly #bytes: number;

  constructor(options: {
    readonly receiver: FetchReceiver;
    readonly correlationId: number;
    readonly request: RequestOf<'fetch'>;
    readonly deadlineMs: number;
    /** Of the request's frame. */
    readonly bytes: number;
  }) {
    this.receiver = options.receiver;
    this.#correlationId = options.correlationId;
    this.request = options.request;
    this.deadlineMs = options.deadlineMs;
    this.#bytes = options.bytes;
    this.receiver.begin(options.bytes);
  }

  answer(partition: FetchSource, highWatermark: number, batches: Buffer): void {
    this.receiver.answer('fetch', this.#correlationId, {
      logStartOffset: partition.replica.log.startOffset,
      highWatermark,
      batches,
    });
    this.receiver.finish(this.#bytes);
  }

  fail(code: BrokerErrorCode, message: string, detail?: number): void {
    this.receiver.answerError(this.#correlationId, code, message, detail);
    this.receiver.finish(this.#bytes);
  }

  failWith(error: unknown): void {
    if (!(error instanceof BrokerError)) throw error;
    this.fail(error.code, error.message, error.detail);
  }
}

/**
 * Answers a fetch, or lets it wait on. Only the committed prefix is served: of the leader, or with
 * `replica` of this copy, whoever leads. `nowMs` is given when time is a reason to answer.
 */
export function serveFetch(
  partition: FetchSource,
  fetch: PendingFetch,
  nowMs: number | undefined,
): void {
  if (fetch.receiver.closed) {
    fetch.fail('connection-lost', 'the reader has gone');
    return;
  }
  const { request } = fetch;
  if (!request.replica && !partition.answersReaders) {
    fetch.fail('not-leader', 'this node does not lead the partition', 1);
    return;
  }
  const { log } = partition.replica;
  if (request.offset < log.startOffset) {
    fetch.fail('offset-out-of-range', `the log starts at ${log.startOffset}`, log.startOffset);
    return;
  }
  if (request.lastTerm === 0 || request.offset === log.startOffset) {
    serveKnownGood(partition, fetch, nowMs);
    return;
  }
  const divergedAt = divergence(partition, request.offset, request.lastTerm);
  if (divergedAt === undefined) serveKnownGood(partition, fetch, nowMs);
  else fetch.fail('diverged', `the log was cut; go back to offset ${divergedAt}`, divergedAt);
}

function serveKnownGood(
  partition: FetchSource,
  fetch: PendingFetch,
  nowMs: number | undefined,
): void {
  const { request } = fetch;
  const { log, appliedIndex } = partition.replica;
  const { highWatermark } = partition;
  if (request.offset >= highWatermark) {
    // A copy may simply not know yet what another one has served; only a leader's end is final.
    if (!request.replica && request.offset > log.nextOffset) {
      fetch.fail('offset-out-of-range', `the log ends at ${log.nextOffset}`, log.nextOffset);
    } else if (request.waitMs === 0 || (nowMs !== undefined && fetch.deadlineMs <= nowMs)) {
      fetch.answer(partition, highWatermark, noBatches);
    } else {
      partition.await(fetch);
    }
    return;
  }
  fetch.heldForRoom = fetch.receiver.outputFull;
  if (fetch.heldForRoom) {
    partition.await(fetch);
    return;
  }
  const bytesMax = Math.min(request.bytesMax, fetch.receiver.fetchBytesMax);
  const read = log.readRecords({ offset: request.offset, indexMax: appliedIndex, bytesMax });
  if (!(read instanceof Promise)) {
    fetch.answer(partition, highWatermark, read);
    return;
  }
  fetch.receiver.reserveOutput(bytesMax);
  read.then(
    (batches) => {
      fetch.receiver.releaseOutput(bytesMax);
      fetch.answer(partition, highWatermark, batches);
    },
    (error: unknown) => {
      fetch.receiver.releaseOutput(bytesMax);
      fetch.failWith(error);
    },
  );
}

/**
 * Where a reader that saw `lastTerm` at `offset - 1` must go back to, or undefined when the log
 * still holds that batch: to the first record of a later term than the reader's; or, where the log
 * holds an earlier term there, to the first record of that term, because what the reader saw below
 * it is anybody's guess.
 */
function divergence(partition: FetchSource, offset: number, lastTerm: number): number | undefined {
  const { log } = partition.replica;
  // Behind its high watermark a copy knows nothing for sure; a leader's log is what will be.
  if (!partition.leading && offset > partition.highWatermark) return undefined;
  if (offset > log.nextOffset) return log.endOffsetOfTerm(lastTerm);
  const found = log.termOfOffset(offset - 1);
  if (found === undefined || found === lastTerm) return undefined;
  return log.endOffsetOfTerm(found > lastTerm ? lastTerm : found - 1);
}
