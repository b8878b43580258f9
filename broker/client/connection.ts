import { assert } from '../assert.ts';
import type { Clock } from '../env/clock.ts';
import type { Connection, Network } from '../env/network.ts';
import { BrokerError } from '../errors.ts';
import { readU64 } from '../protocol/integers.ts';
import type { RequestName, RequestOf, ResponseOf } from '../protocol/codec.ts';
import { FrameReader } from '../protocol/frames.ts';
import {
  apiVersion,
  decodeResponse,
  encodeRequest,
  responseCorrelationId,
  responseError,
} from '../protocol/messages.ts';
import { encodeProduce } from '../protocol/produce.ts';
import { answeredError, asBrokerError } from './errors.ts';

/** What the answer to a produce request came to; `error` undefined = appended and acked. */
export type ProduceAnswer = (error: BrokerError | undefined, baseOffset: number) => void;

interface PendingCall {
  readonly settle: (error: BrokerError | undefined, frame: Buffer | undefined) => void;
}

export interface ConnectOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly address: string;
  readonly clientName: string;
  readonly token: string;
  /** For the connection and the greeting together. */
  readonly timeoutMs: number;
}

const responseBytesMax = 256 << 20;

/**
 * One connection to one node: requests are pipelined and answered by correlation id. What is sent
 * in one turn of the event loop goes out in one write. When it is lost every pending request fails
 * with `connection-lost`: its effect is unknown.
 */
export class NodeConnection {
  readonly address: string;
  #nodeId = 0;
  #batchBytesMax = 0;
  readonly #clock: Clock;
  readonly #connection: Connection;
  readonly #pending = new Map<number, PendingCall>();
  #correlationId = 0;
  #out: Uint8Array[] = [];
  #closedBy: BrokerError | undefined;
  /** Called once when the connection is gone, after its pending requests were told. */
  onClose: () => void = () => {};

  static async open(options: ConnectOptions): Promise<NodeConnection> {
    const { network, clock, address, timeoutMs } = options;
    const startMs = clock.monotonicMs();
    let connection: Connection;
    try {
      connection = await network.connect(address, { timeoutMs });
    } catch (error) {
      const { message } = asBrokerError(error);
      throw new BrokerError('connection-lost', `no connection to ${address}: ${message}`, {
        cause: error,
      });
    }
    const opened = new NodeConnection(connection, clock, address);
    const { clientName, token } = options;
    const hello = { protocolVersion: apiVersion, clientName, token };
    try {
      const leftMs = Math.max(1, timeoutMs - (clock.monotonicMs() - startMs));
      const answer = await opened.call('hello', hello, leftMs);
      opened.#nodeId = answer.nodeId;
      opened.#batchBytesMax = answer.batchBytesMax;
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  private constructor(connection: Connection, clock: Clock, address: string) {
    this.#connection = connection;
    this.#clock = clock;
    this.address = address;
    const frames = new FrameReader(responseBytesMax, (frame) => this.#answered(frame));
    connection.onData = (bytes) => {
      try {
        frames.push(bytes);
      } catch (error) {
        this.#lost(asBrokerError(error));
        connection.close();
      }
    };
    connection.onDrain = () => {};
    connection.onClose = (error) => {
      this.#lost(
        new BrokerError('connection-lost', `the connection to ${address} was lost`, {
          cause: error,
        }),
      );
    };
  }

  get nodeId(): number {
    return this.#nodeId;
  }

  /** Largest batch that the node takes. */
  get batchBytesMax(): number {
    return this.#batchBytesMax;
  }

  get closed(): boolean {
    return this.#closedBy !== undefined;
  }

  /**
   * Sends a request. Rejects with the node's error, `timed-out` when no answer came in time, or
   * `connection-lost`; in the last two cases it may or may not have had its effect.
   */
  call<N extends RequestName>(
    api: N,
    request: RequestOf<N>,
    timeoutMs: number,
  ): Promise<ResponseOf<N>> {
    return new Promise((resolve, reject) => {
      if (this.#closedBy !== undefined) {
        reject(this.#closedBy);
        return;
      }
      const id = this.#register((error, frame) => {
        timer.cancel();
        if (error !== undefined) {
          reject(error);
          return;
        }
        try {
          resolve(decodeResponse(api, frame!));
        } catch (malformed) {
          reject(asBrokerError(malformed));
        }
      });
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#pending.delete(id);
        const what = `${this.address} did not answer ${api} within ${Math.round(timeoutMs)} ms`;
        reject(new BrokerError('timed-out', what));
      });
      this.#send(encodeRequest(api, id, request));
    });
  }

  /** The hot path: no promise. `answer` is called later, exactly once, unless forgotten. */
  produce(
    request: { readonly topicId: number; readonly partition: number; readonly batch: Buffer },
    answer: ProduceAnswer,
  ): number {
    assert(this.#closedBy === undefined, 'produced on a closed connection');
    const id = this.#register((error, frame) => {
      if (error !== undefined) answer(error, -1);
      else answer(undefined, readU64(frame!, 6));
    });
    this.#send(encodeProduce(id, request));
    return id;
  }

  /** An answer that comes after this is ignored. */
  forget(correlationId: number): void {
    this.#pending.delete(correlationId);
  }

  /** Ends the connection; what is pending fails with `connection-lost`. */
  close(): void {
    this.#lost(new BrokerError('connection-lost', `the connection to ${this.address} was closed`));
    this.#connection.close();
  }

  #register(settle: PendingCall['settle']): number {
    this.#correlationId = (this.#correlationId + 1) >>> 0;
    this.#pending.set(this.#correlationId, { settle });
    return this.#correlationId;
  }

  #send(chunks: readonly Uint8Array[]): void {
    if (this.#out.length === 0) this.#clock.defer(() => this.#flush());
    for (const chunk of chunks) this.#out.push(chunk);
  }

  #flush(): void {
    const chunks = this.#out;
    this.#out = [];
    // False asks to wait: the producers' windows and the single fetch in flight bound what waits.
    if (this.#closedBy === undefined) this.#connection.write(chunks);
  }

  #answered(frame: Buffer): void {
    const id = responseCorrelationId(frame);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const error = frame.readUInt16LE(4) === 0 ? undefined : responseError(frame);
    pending.settle(error === undefined ? undefined : answeredError(error), frame);
  }

  #lost(error: BrokerError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of pending) call.settle(error, undefined);
    this.onClose();
  }
}
