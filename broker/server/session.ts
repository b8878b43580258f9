import { assert } from '../assert.ts';
import { brokerErrors } from '../errors.ts';
import type { BrokerErrorCode } from '../errors.ts';
import type { Connection } from '../env/network.ts';
import type { RequestName, ResponseOf } from '../protocol/codec.ts';
import { SpanReader } from '../protocol/frames.ts';
import { encodeError, encodeResponse } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Metrics } from './metrics.ts';
import type { NodeLimits } from './node-options.ts';
import { OutputBuffer } from './output-buffer.ts';

export interface SessionHost {
  readonly limits: NodeLimits;
  readonly budget: MemoryBudget;
  readonly metrics: Metrics;
  /** Before bytes are looked at. */
  beforeRead(): void;
  /** Without its length, the frame is the bytes `from` up to `to`. */
  onFrame(session: Session, bytes: Buffer, from: number, to: number): void;
  /** The session has answers; `flush` it at the end of the turn. */
  onOutput(session: Session): void;
  onClosed(session: Session): void;
}

/**
 * One connection that this node accepted, of a client or of a peer. Cuts its bytes into frames,
 * hands them on while there is room for their answers, and stops reading while there is not.
 */
export class Session {
  readonly #connection: Connection;
  readonly #host: SessionHost;
  readonly #output = new OutputBuffer();
  readonly #reader: SpanReader;
  /** Frames that arrived with the bytes after which the reading stopped. */
  #held: Buffer[] = [];
  #heldAt = 0;
  #blocked = false;
  #closed = false;
  #dirty = false;
  #inFlightRequests = 0;
  #inFlightBytes = 0;
  /** Answers not taken by the connection, and room reserved for those that are being read. */
  #outputBytes = 0;
  /** The part of them that was written and is not drained yet. */
  #undrainedBytes = 0;
  #reservedBytes = 0;
  #countedPartialBytes = 0;
  /** Showed the cluster's token; without it frames are held to the limit for clients. */
  authorized = false;
  /** Age of a frame that has begun and is not whole, in ticked time; 0 = none. */
  partialMs = 0;

  constructor(connection: Connection, host: SessionHost) {
    this.#connection = connection;
    this.#host = host;
    const frameBytesMax = peerFrameBytesMax(host.limits);
    this.#reader = new SpanReader(frameBytesMax, (bytes, from, to) => this.#take(bytes, from, to));
    connection.onData = (bytes) => this.#read(bytes);
    connection.onDrain = () => this.#drained();
    connection.onClose = () => this.#ended();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  /** A fetch must wait while this connection has not taken the answers that it has. */
  get outputFull(): boolean {
    const waiting = this.#outputBytes + this.#reservedBytes;
    return waiting >= this.#host.limits.connectionOutputBytesMax || this.#host.budget.outputFull;
  }

  /** Most record bytes that one answer may carry. */
  get fetchBytesMax(): number {
    return this.#host.limits.frameBytesMax - 1024;
  }

  /** Counts a request as taken; `finish` with the same bytes when it has been answered. */
  begin(bytes: number): void {
    this.#inFlightRequests++;
    this.#inFlightBytes += bytes;
    this.#host.budget.inFlightBytes += bytes;
  }

  finish(bytes: number): void {
    this.#inFlightRequests--;
    this.#inFlightBytes -= bytes;
    this.#host.budget.inFlightBytes -= bytes;
    assert(this.#inFlightRequests >= 0 && this.#inFlightBytes >= 0, 'a request ended twice');
  }

  /** Room for an answer that is still being read; given back before it is sent. */
  reserveOutput(bytes: number): void {
    this.#reservedBytes += bytes;
    this.#host.budget.outputBytes += bytes;
  }

  releaseOutput(bytes: number): void {
    this.#reservedBytes -= bytes;
    this.#host.budget.outputBytes -= bytes;
  }

  answerProduce(correlationId: number, baseOffset: number, term: number): void {
    if (this.#closed) return;
    const before = this.#output.bytes;
    this.#output.produceResponse(correlationId, baseOffset, term);
    this.#answered(this.#output.bytes - before);
  }

  answer<N extends RequestName>(api: N, correlationId: number, response: ResponseOf<N>): void {
    this.send(encodeResponse(api, correlationId, response));
  }

  answerError(
    correlationId: number,
    code: BrokerErrorCode,
    message: string,
    detail?: number,
  ): void {
    this.#host.metrics.countError(code);
    this.send(encodeError(correlationId, { wire: brokerErrors[code].wire, detail, message }));
  }

  send(chunks: readonly Uint8Array[]): void {
    if (this.#closed) return;
    const before = this.#output.bytes;
    this.#output.chunks(chunks);
    this.#answered(this.#output.bytes - before);
  }

  /** Writes what was answered during this turn. */
  flush(): void {
    this.#dirty = false;
    if (this.#closed) return;
    const bytes = this.#output.bytes;
    if (bytes === 0) return;
    this.#host.metrics.bytesOut += bytes;
    this.#undrainedBytes += bytes;
    if (this.#connection.write(this.#output.take())) this.#releaseUndrained();
  }

  close(): void {
    this.#connection.close();
  }

  closeAfterFlush(): void {
    this.flush();
    this.close();
  }

  /** Goes on with what was held back, if there is room now. */
  retry(): void {
    if (this.#closed || !this.#blocked || this.#mustWait()) return;
    while (this.#heldAt < this.#held.length) {
      const frame = this.#held[this.#heldAt++]!;
      this.#host.onFrame(this, frame, 0, frame.length);
      if (this.#closed || this.#mustWait()) return;
    }
    this.#held = [];
    this.#heldAt = 0;
    this.#blocked = false;
    this.#host.budget.unblock(this);
    this.#connection.resume();
  }

  #answered(bytes: number): void {
    this.#outputBytes += bytes;
    this.#host.budget.outputBytes += bytes;
    if (this.#dirty) return;
    this.#dirty = true;
    this.#host.onOutput(this);
  }

  #read(bytes: Buffer): void {
    if (this.#closed) return;
    this.#host.beforeRead();
    this.#host.metrics.bytesIn += bytes.length;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error.code, error.message);
      return;
    }
    this.#countPartial();
  }

  /** The stream cannot be read any further: says why, outside any request, and closes. */
  #refuse(code: BrokerErrorCode, message: string): void {
    this.answerError(0, code, message);
    this.closeAfterFlush();
  }

  #countPartial(): void {
    const waiting = this.#reader.waitingBytes;
    if (waiting === 0) this.partialMs = 0;
    if (waiting === this.#countedPartialBytes) return;
    const grown = waiting - this.#countedPartialBytes;
    this.#host.budget.partialBytes += grown;
    this.#countedPartialBytes = waiting;
    if (this.#tooLong(waiting)) return;
    if (grown > 0 && this.#host.budget.partialFull) {
      this.#refuse('overloaded', 'too many requests are arriving at once');
    }
  }

  #tooLong(bytes: number): boolean {
    const frameBytesMax = this.#host.limits.frameBytesMax;
    if (this.authorized || bytes <= frameBytesMax + 4) return false;
    this.#refuse('too-large', `a frame of a client may have ${frameBytesMax} bytes at most`);
    return true;
  }

  /** True while a frame has begun and is not whole. */
  get partial(): boolean {
    return this.#countedPartialBytes > 0;
  }

  #take(bytes: Buffer, from: number, to: number): void {
    if (this.#closed || this.#tooLong(to - from)) return;
    this.partialMs = 0;
    if (this.#blocked) {
      this.#held.push(bytes.subarray(from, to));
      return;
    }
    this.#host.onFrame(this, bytes, from, to);
    if (!this.#mustWait()) return;
    this.#blocked = true;
    this.#host.budget.block(this);
    this.#connection.pause();
  }

  #mustWait(): boolean {
    const { limits, budget } = this.#host;
    const own =
      this.#inFlightRequests >= limits.connectionInFlightRequestsMax ||
      this.#inFlightBytes >= limits.connectionInFlightBytesMax ||
      this.#outputBytes + this.#reservedBytes >= limits.connectionOutputBytesMax;
    // Never for a peer: what it says is what lets the requests of the others be answered.
    return own || (!this.authorized && (budget.shouldStopReading || budget.outputFull));
  }

  #releaseUndrained(): void {
    this.#outputBytes -= this.#undrainedBytes;
    this.#host.budget.outputBytes -= this.#undrainedBytes;
    this.#undrainedBytes = 0;
  }

  #drained(): void {
    this.#releaseUndrained();
    this.retry();
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.budget.unblock(this);
    this.#host.budget.outputBytes -= this.#outputBytes;
    this.#outputBytes = 0;
    this.#undrainedBytes = 0;
    this.#host.budget.partialBytes -= this.#countedPartialBytes;
    this.#countedPartialBytes = 0;
    this.#held = [];
    this.#host.onClosed(this);
  }
}

/** Frames between nodes carry many batches, or a whole snapshot. */
export function peerFrameBytesMax(limits: NodeLimits): number {
  return Math.max(limits.frameBytesMax, 64 * 1024 * 1024);
}
