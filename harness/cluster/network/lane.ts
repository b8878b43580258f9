import type { Socket } from 'node:net';
import { DelayLine, type Parcel } from './delay-line.ts';
import type { LinkState } from './link-rules.ts';

/** What of one way of a connection waits here at most; beyond it the sender is not read from. */
const heldBytesMax = 8 * 1024 * 1024;

export interface LaneOptions {
  readonly source: Socket;
  readonly sink: Socket;
  /** What the rules say now. */
  readonly state: () => LinkState;
  /** That many bytes went out. */
  readonly onForwarded: (bytes: number) => void;
}

/**
 * One way of one connection. It reads no faster than the other side takes, and not at all while
 * the link is cut: what it has not read stays in the kernel, and the sender comes to a stop.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #line = new DelayLine(Math.random);
  #timer: NodeJS.Timeout | undefined;
  /** The sink asked to wait until it has drained. */
  #sinkFull = false;
  #sourceEnded = false;
  #closed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    const { source, sink } = options;
    source.on('data', (bytes: Buffer) => this.#take({ type: 'bytes', bytes }));
    source.on('end', () => {
      this.#sourceEnded = true;
      this.#take({ type: 'end' });
    });
    source.on('close', () => {
      if (this.#sourceEnded) return;
      this.#sourceEnded = true;
      this.#take({ type: 'reset' });
    });
    sink.on('drain', () => {
      this.#sinkFull = false;
      this.#flush();
    });
    this.#flush();
  }

  /** The rules have changed. */
  update(): void {
    this.#line.shorten(performance.now(), this.#options.state());
    this.#flush();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #take(parcel: Parcel): void {
    if (this.#closed) return;
    const state = this.#options.state();
    const idle = this.#line.dueMs === undefined && !this.#sinkFull;
    if (idle && !state.cut && state.delayMs === 0 && state.jitterMs === 0) this.#deliver(parcel);
    else this.#line.push(parcel, performance.now(), state);
    this.#flush();
  }

  #flush(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const { cut } = this.#options.state();
    while (!cut && !this.#sinkFull) {
      const parcel = this.#line.take(performance.now());
      if (parcel === undefined) break;
      this.#deliver(parcel);
    }
    const { dueMs } = this.#line;
    if (dueMs !== undefined && !cut && !this.#sinkFull) {
      const waitMs = Math.max(1, Math.ceil(dueMs - performance.now()));
      this.#timer = setTimeout(() => this.#flush(), waitMs);
    }
    const { source } = this.#options;
    if (cut || this.#sinkFull || this.#line.bytes >= heldBytesMax) source.pause();
    else if (!this.#sourceEnded) source.resume();
  }

  #deliver(parcel: Parcel): void {
    const { sink, onForwarded } = this.#options;
    if (sink.destroyed) return;
    switch (parcel.type) {
      case 'bytes':
        this.#sinkFull = !sink.write(parcel.bytes);
        onForwarded(parcel.bytes.length);
        return;
      case 'end':
        sink.end();
        return;
      case 'reset':
        sink.resetAndDestroy();
    }
  }
}
