import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

import { HarnessError } from '../errors.ts';

const lineCharactersMax = 16 * 1024 * 1024;

export interface ChannelHandlers<Incoming> {
  readonly onMessage: (message: Incoming) => void;
  /** Once, when the connection is gone for whatever reason; with an error where there was one. */
  readonly onClose: (error: Error | undefined) => void;
}

/** JSON lines over one TCP connection: what the harness and its load workers talk by. */
export class Channel<Incoming, Outgoing> {
  readonly #socket: Socket;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(socket: Socket, handlers: ChannelHandlers<Incoming>) {
    this.#socket = socket;
    let failure: Error | undefined;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      try {
        this.#read(bytes, handlers);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => handlers.onClose(failure));
  }

  send(message: Outgoing): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends what is under way, then closes. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer, handlers: ChannelHandlers<Incoming>): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > lineCharactersMax) {
      throw new HarnessError(
        'worker',
        `a line of over ${lineCharactersMax} characters came on a control connection`,
      );
    }
    for (const line of lines) handlers.onMessage(JSON.parse(line) as Incoming);
  }
}
