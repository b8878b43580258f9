import type net from 'node:net';
import type { Connection } from '../network.ts';

const waitingBytesMax = 1 << 20;
const smallBytes = 2048;

/**
 * A TCP connection that hands what was written in one turn of the event loop to the kernel in one
 * `writev`, with small chunks gathered: the cost of a system call and of a stream write is per
 * turn, not per message.
 */
export class RealConnection implements Connection {
  readonly remoteAddress: string;
  onData: (bytes: Buffer) => void = () => {};
  onDrain: () => void = () => {};
  onClose: (error: Error | undefined) => void = () => {};
  readonly #socket: net.Socket;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #flushDue = false;
  #full = false;
  #closed = false;
  #error: Error | undefined;

  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.remoteAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    socket.on('data', (bytes: Buffer) => this.onData(bytes));
    socket.on('drain', () => this.#drained());
    // Both sides treat the end of the stream as the end of the connection.
    socket.on('end', () => socket.destroy());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#queue = [];
      this.onClose(this.#error);
    });
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#closed) return false;
    for (const chunk of chunks) {
      this.#queue.push(chunk);
      this.#queuedBytes += chunk.length;
    }
    if (!this.#flushDue) {
      this.#flushDue = true;
      setImmediate(() => this.#flush());
    }
    this.#full ||= this.#queuedBytes + this.#socket.writableLength > waitingBytesMax;
    return !this.#full;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#socket.destroy();
  }

  #flush(): void {
    this.#flushDue = false;
    const chunks = this.#queue;
    if (this.#closed || chunks.length === 0) return;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#socket.cork();
    for (let at = 0; at < chunks.length;) at = this.#writeFrom(chunks, at);
    this.#socket.uncork();
    if (this.#full && !this.#socket.writableNeedDrain) this.#drained();
  }

  /** Writes one big chunk, or a run of small ones as one. */
  #writeFrom(chunks: readonly Uint8Array[], at: number): number {
    let end = at + 1;
    if (chunks[at]!.length <= smallBytes) {
      while (end < chunks.length && chunks[end]!.length <= smallBytes) end++;
    }
    this.#socket.write(end - at === 1 ? chunks[at]! : Buffer.concat(chunks.slice(at, end)));
    return end;
  }

  #drained(): void {
    if (!this.#full || this.#closed) return;
    this.#full = false;
    this.onDrain();
  }
}
