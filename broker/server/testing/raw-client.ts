import type { Connection } from '../../env/network.ts';
import { RealNetwork } from '../../env/real/network.ts';
import { BrokerError, brokerErrors } from '../../errors.ts';
import type { BrokerErrorCode } from '../../errors.ts';
import type { RequestName, RequestOf, ResponseOf } from '../../protocol/codec.ts';
import { FrameReader } from '../../protocol/frames.ts';
import { decodeResponse, encodeRequest, responseCorrelationId } from '../../protocol/messages.ts';
import { responseError } from '../../protocol/messages.ts';

const codes = new Map<number, BrokerErrorCode>();
for (const code of Object.keys(brokerErrors) as BrokerErrorCode[]) {
  codes.set(brokerErrors[code].wire, code);
}

/** The bare protocol over one connection: pipelined requests, and any bytes at all. */
export class RawClient {
  readonly #connection: Connection;
  readonly #waiting = new Map<number, (frame: Buffer | undefined) => void>();
  #lastId = 0;
  closed = false;
  /** Frames that answered no request. */
  readonly strays: Buffer[] = [];

  static async connect(address: string, token = ''): Promise<RawClient> {
    const client = new RawClient(await new RealNetwork().connect(address));
    if (token !== '') await client.request('hello', { protocolVersion: 1, clientName: 't', token });
    return client;
  }

  private constructor(connection: Connection) {
    this.#connection = connection;
    const reader = new FrameReader(128 * 1024 * 1024, (frame) => {
      const id = responseCorrelationId(frame);
      const resolve = this.#waiting.get(id);
      if (resolve === undefined) this.strays.push(frame);
      this.#waiting.delete(id);
      resolve?.(frame);
    });
    connection.onData = (bytes) => reader.push(bytes);
    connection.onClose = () => {
      this.closed = true;
      for (const resolve of this.#waiting.values()) resolve(undefined);
      this.#waiting.clear();
    };
  }

  async request<N extends RequestName>(api: N, request: RequestOf<N>): Promise<ResponseOf<N>> {
    const id = ++this.#lastId;
    const frame = await new Promise<Buffer | undefined>((resolve) => {
      this.#waiting.set(id, resolve);
      if (this.closed) resolve(undefined);
      else this.#connection.write(encodeRequest(api, id, request));
    });
    if (frame === undefined) throw new BrokerError('connection-lost', 'the node closed');
    const error = responseError(frame);
    if (error === undefined) return decodeResponse(api, frame);
    const { detail } = error;
    const code = codes.get(error.wire)!;
    throw new BrokerError(code, error.message, detail === undefined ? {} : { detail });
  }

  /** The code of the error that the request is answered with; `ok` when there is none. */
  async codeOf<N extends RequestName>(api: N, request: RequestOf<N>): Promise<string> {
    try {
      await this.request(api, request);
      return 'ok';
    } catch (error) {
      if (error instanceof BrokerError) return error.code;
      throw error;
    }
  }

  sendBytes(bytes: Uint8Array): void {
    this.#connection.write([bytes]);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  close(): void {
    this.#connection.close();
  }
}
