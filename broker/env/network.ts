/**
 * Byte streams as a part that is passed in: TCP in the real part, simulated links in the twin.
 * Addresses are `host:port`.
 */
export interface Network {
  /** Port 0 picks a free one; the address really bound is on the listener. */
  listen(address: string, onConnection: (connection: Connection) => void): Promise<Listener>;
  /** Resolves once connected; rejects with a `NetworkError`. */
  connect(address: string, options?: { readonly timeoutMs?: number }): Promise<Connection>;
}

export interface Listener {
  readonly address: string;
  close(): Promise<void>;
}

export interface Connection {
  readonly remoteAddress: string;
  /**
   * Queues `chunks` back to back, in order. False asks the caller to wait for `onDrain`.
   * After `close` or a failure it does nothing and returns false.
   */
  write(chunks: readonly Uint8Array[]): boolean;
  /** Stops and restarts delivery of `onData` (back-pressure to the peer). */
  pause(): void;
  resume(): void;
  /** Ends the connection at once; `onClose` is still called, exactly once. */
  close(): void;
  /** Handlers are set once, synchronously after the connection was handed over. */
  onData: (bytes: Buffer) => void;
  onDrain: () => void;
  onClose: (error: Error | undefined) => void;
}

export class NetworkError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NetworkError';
    this.code = code;
  }
}
