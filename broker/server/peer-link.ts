import type { Env } from '../env/env.ts';
import type { Connection } from '../env/network.ts';
import { FrameReader } from '../protocol/frames.ts';
import { apiVersion, encodeRequest, responseError } from '../protocol/messages.ts';
import type { Report } from './node-options.ts';

const answerBytesMax = 65_536;
/** Beyond this much that the kernel has not taken, new messages are dropped. */
const undrainedBytesMax = 64 * 1024 * 1024;
const connectTimeoutMs = 1000;
const retryMsMin = 50;
const retryMsMax = 500;

export interface PeerLinkOptions {
  readonly env: Env;
  readonly nodeId: number;
  readonly peerId: number;
  readonly address: string;
  readonly token: string;
  readonly report: Report;
}

/**
 * One connection to a peer, dialled again whenever it is lost. Frames go out right behind the
 * hello: a peer that refuses the token drops them and closes.
 */
export class PeerLink {
  readonly #options: PeerLinkOptions;
  #connection: Connection | undefined;
  #dialling = false;
  #closed = false;
  #undrainedBytes = 0;
  #retryAtMs = 0;
  #retryMs = retryMsMin;
  /** Said once per outage. */
  #saidLost = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#dial();
  }

  get ready(): boolean {
    return this.#connection !== undefined && this.#undrainedBytes < undrainedBytesMax;
  }

  write(chunks: readonly Uint8Array[]): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    if (connection.write(chunks)) this.#undrainedBytes = 0;
    else this.#undrainedBytes += bytes;
  }

  tick(nowMs: number): void {
    if (this.#connection === undefined && !this.#dialling && nowMs >= this.#retryAtMs) this.#dial();
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
    this.#connection = undefined;
  }

  #dial(): void {
    if (this.#closed) return;
    this.#dialling = true;
    const { env, address } = this.#options;
    env.network.connect(address, { timeoutMs: connectTimeoutMs }).then(
      (connection) => {
        this.#dialling = false;
        if (this.#closed) connection.close();
        else this.#connected(connection);
      },
      (error: unknown) => {
        this.#dialling = false;
        this.#lost(error instanceof Error ? error.message : String(error));
      },
    );
  }

  #connected(connection: Connection): void {
    const { nodeId, token, peerId, report } = this.#options;
    const reader = new FrameReader(answerBytesMax, (frame) => this.#answered(connection, frame));
    connection.onData = (bytes) => {
      try {
        reader.push(bytes);
      } catch {
        // Whatever answers there does not speak this protocol.
        connection.close();
      }
    };
    connection.onDrain = () => {
      this.#undrainedBytes = 0;
    };
    connection.onClose = (error) => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      this.#lost(error?.message ?? 'the peer closed the connection');
    };
    this.#connection = connection;
    this.#undrainedBytes = 0;
    this.write(
      encodeRequest('hello', 0, {
        protocolVersion: apiVersion,
        clientName: `node ${nodeId}`,
        token,
      }),
    );
    report('info', `connected to node ${peerId}`);
  }

  #answered(connection: Connection, frame: Buffer): void {
    const error = responseError(frame);
    if (error === undefined) {
      this.#retryMs = retryMsMin;
      this.#saidLost = false;
      return;
    }
    this.#options.report(
      'warn',
      `node ${this.#options.peerId} refuses this node: ${error.message}`,
    );
    this.#retryMs = retryMsMax;
    connection.close();
  }

  #lost(why: string): void {
    if (this.#closed) return;
    const { env, peerId, report } = this.#options;
    if (!this.#saidLost) report('warn', `no connection to node ${peerId}: ${why}`);
    this.#saidLost = true;
    this.#undrainedBytes = 0;
    this.#retryAtMs = env.clock.monotonicMs() + this.#retryMs * (0.5 + env.random.unit());
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax);
  }
}
