import type { Connection, Listener, Network } from '../../broker/env/network.ts';
import { ApiKey } from '../../broker/protocol/api.ts';
import { readBatchHeader } from '../../broker/protocol/batch.ts';
import { readU64 } from '../../broker/protocol/integers.ts';
import { FrameReader } from '../../broker/protocol/frames.ts';
import { produceResponseBytes, writeProduceResponse } from '../../broker/protocol/produce.ts';
import { runNode } from '../../broker/server/run-node.ts';

const holdMs = 150;
const frameBytesMax = 64 * 1024 * 1024;
const headBytes = 14;

/**
 * The node answers a produce request at once, as if it had been appended, and hands it to the broker
 * only 150 ms later. It knows the right offset because it has seen the broker's last answer for the
 * partition. Whoever dies in between takes acked messages along: `lost-tail`; what lives may be
 * found elsewhere: `acked-elsewhere`.
 */
function ackBeforeAppend(network: Network): Network {
  return {
    connect: (address, options) => network.connect(address, options),
    listen: (address, onConnection): Promise<Listener> =>
      network.listen(address, (inner) => onConnection(new EagerConnection(inner))),
  };
}

interface Waiting {
  readonly partition: string;
  readonly recordCount: number;
  readonly answered: boolean;
}

class EagerConnection implements Connection {
  onData: (bytes: Buffer) => void = () => {};
  onDrain: () => void = () => {};
  onClose: (error: Error | undefined) => void = () => {};
  readonly #inner: Connection;
  readonly #requests: FrameReader;
  readonly #answers: FrameReader;
  readonly #waiting = new Map<number, Waiting>();
  /** Where each partition's next batch will go; unknown until the broker answered once. */
  readonly #nextOffset = new Map<string, number>();

  constructor(inner: Connection) {
    this.#inner = inner;
    this.#requests = new FrameReader(frameBytesMax, (frame) => this.#onRequest(frame));
    this.#answers = new FrameReader(frameBytesMax, (frame) => this.#onAnswer(frame));
    inner.onData = (bytes) => this.#requests.push(bytes);
    inner.onDrain = () => this.onDrain();
    inner.onClose = (error) => this.onClose(error);
  }

  get remoteAddress(): string {
    return this.#inner.remoteAddress;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) this.#answers.push(Buffer.from(chunk));
    return true;
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  close(): void {
    this.#inner.close();
  }

  #onRequest(frame: Buffer): void {
    const framed = withLength(frame);
    if (frame[0] !== ApiKey.produce || frame.length < headBytes) return this.onData(framed);
    const correlationId = frame.readUInt32LE(2);
    const partition = frame.subarray(6, headBytes).toString('hex');
    const { recordCount } = readBatchHeader(frame.subarray(headBytes));
    const baseOffset = this.#nextOffset.get(partition);
    this.#waiting.set(correlationId, {
      partition,
      recordCount,
      answered: baseOffset !== undefined,
    });
    if (baseOffset === undefined) return this.onData(framed);
    this.#nextOffset.set(partition, baseOffset + recordCount);
    const answer = Buffer.alloc(produceResponseBytes);
    writeProduceResponse(answer, 0, { correlationId, baseOffset, term: 1 });
    this.#inner.write([answer]);
    setTimeout(() => this.onData(framed), holdMs);
  }

  #onAnswer(frame: Buffer): void {
    const correlationId = frame.readUInt32LE(0);
    const waiting = this.#waiting.get(correlationId);
    this.#waiting.delete(correlationId);
    if (waiting === undefined) return void this.#inner.write([withLength(frame)]);
    if (waiting.answered) return;
    const refused = frame.readUInt16LE(4) !== 0;
    if (!refused) this.#nextOffset.set(waiting.partition, readU64(frame, 6) + waiting.recordCount);
    this.#inner.write([withLength(frame)]);
  }
}

function withLength(frame: Buffer): Buffer {
  const framed = Buffer.alloc(4 + frame.length);
  framed.writeUInt32LE(frame.length, 0);
  frame.copy(framed, 4);
  return framed;
}

await runNode(process.argv.slice(2), { network: ackBeforeAppend });
