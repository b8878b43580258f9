import { NetworkError } from '../network.ts';
import type { Connection, Listener, Network } from '../network.ts';
import type { SimLinks } from './links.ts';
import type { SimProcess } from './process.ts';

const firstFreePort = 20_000;
const highWaterBytes = 256 * 1024;

interface Listening {
  readonly process: SimProcess;
  readonly onConnection: (connection: Connection) => void;
}

/**
 * TCP between simulated hosts: in order, nothing lost, in pieces of any size. A cut direction
 * holds bytes back until it heals; a killed process resets its connections.
 */
export class SimNetwork {
  readonly links: SimLinks;
  readonly #listening = new Map<string, Listening>();
  readonly #ends = new Set<End>();
  #nextPort = firstFreePort;

  constructor(links: SimLinks) {
    this.links = links;
  }

  /** The network as the current life of `process`, on host `name`, sees it. */
  host(name: string, process: SimProcess): Network {
    return {
      listen: async (address, onConnection) => {
        return this.#listen({ name, process, address, onConnection });
      },
      connect: (address, options) =>
        this.#connect({ name, process, address, timeoutMs: options?.timeoutMs ?? 10_000 }),
    };
  }

  /** What the kernel does when a process ends: its ports are free, its peers see a reset. */
  reset(process: SimProcess): void {
    for (const [address, listening] of this.#listening) {
      if (listening.process === process) this.#listening.delete(address);
    }
    for (const end of this.#ends) {
      if (end.process === process) end.abort();
    }
  }

  #listen(options: {
    name: string;
    process: SimProcess;
    address: string;
    onConnection: (connection: Connection) => void;
  }): Listener {
    const asked = Number(options.address.slice(options.address.lastIndexOf(':') + 1));
    const address = `${options.name}:${asked === 0 ? this.#nextPort++ : asked}`;
    if (this.#listening.has(address)) {
      throw new NetworkError('EADDRINUSE', `${address} is in use`);
    }
    const { process, onConnection } = options;
    this.#listening.set(address, { process, onConnection });
    return {
      address,
      close: async () => {
        if (this.#listening.get(address)?.onConnection === onConnection) {
          this.#listening.delete(address);
        }
      },
    };
  }

  #connect(options: {
    name: string;
    process: SimProcess;
    address: string;
    timeoutMs: number;
  }): Promise<Connection> {
    const { name, process, address } = options;
    const peer = address.slice(0, address.lastIndexOf(':'));
    return new Promise((resolve, reject) => {
      const timer = process.schedule(options.timeoutMs, () => {
        reject(new NetworkError('ETIMEDOUT', `no answer from ${address}`));
      });
      const answer = process.bind(() => {
        timer.cancel();
        const listening = this.#listening.get(address);
        if (listening === undefined) {
          reject(new NetworkError('ECONNREFUSED', `nothing listens at ${address}`));
          return;
        }
        const [near, far] = this.#pair({ name, process, peer, accepting: listening.process });
        resolve(near);
        listening.process.schedule(0, () => listening.onConnection(far));
      });
      const { links } = this;
      const delayMs = links.drawDelayMs(name, peer) + links.drawDelayMs(peer, name);
      links.scheduler.schedule(delayMs, () => {
        if (!links.isCut(name, peer) && !links.isCut(peer, name)) answer();
      });
    });
  }

  #pair(options: {
    name: string;
    process: SimProcess;
    peer: string;
    accepting: SimProcess;
  }): [End, End] {
    const { name, process, peer, accepting } = options;
    const forget = (end: End): void => {
      this.#ends.delete(end);
    };
    const near = new End({ links: this.links, process, here: name, there: peer, forget });
    const far = new End({ links: this.links, process: accepting, here: peer, there: name, forget });
    near.peer = far;
    far.peer = near;
    this.#ends.add(near).add(far);
    return [near, far];
  }
}

class End implements Connection {
  readonly remoteAddress: string;
  readonly process: SimProcess;
  peer: End | undefined;
  onData: (bytes: Buffer) => void = () => {};
  onDrain: () => void = () => {};
  onClose: (error: Error | undefined) => void = () => {};
  readonly #links: SimLinks;
  readonly #here: string;
  readonly #forget: (end: End) => void;
  /** Sent and not at the peer's door yet; the last item may be the end of the stream. */
  readonly #sending: (Buffer | 'end' | 'reset')[] = [];
  #sendingBytes = 0;
  #pumping = false;
  #full = false;
  /** At the door, held back by `pause`. */
  readonly #arrived: Buffer[] = [];
  #paused = false;
  #closed = false;

  constructor(options: {
    links: SimLinks;
    process: SimProcess;
    here: string;
    there: string;
    forget: (end: End) => void;
  }) {
    this.#links = options.links;
    this.process = options.process;
    this.#here = options.here;
    this.remoteAddress = options.there;
    this.#forget = options.forget;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#closed) return false;
    for (const chunk of chunks) {
      if (chunk.length === 0) continue;
      this.#sending.push(Buffer.from(chunk));
      this.#sendingBytes += chunk.length;
    }
    this.#pump();
    this.#full = this.#sendingBytes >= highWaterBytes;
    return !this.#full;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.process.schedule(0, () => this.#give());
  }

  close(): void {
    this.#end('end', undefined);
  }

  /** The process is gone: nobody here is told, the other side sees a reset. */
  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget(this);
    this.#sending.length = 0;
    this.#sending.push('reset');
    this.#pump();
  }

  #end(how: 'end' | 'reset', error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget(this);
    this.#sending.push(how);
    this.#pump();
    this.process.schedule(0, () => this.onClose(error));
  }

  #pump(): void {
    if (this.#pumping || this.#sending.length === 0) return;
    this.#pumping = true;
    const delayMs = this.#links.drawDelayMs(this.#here, this.remoteAddress);
    this.#links.scheduler.schedule(delayMs, () => this.#transfer());
  }

  #transfer(): void {
    this.#pumping = false;
    if (this.#links.isCut(this.#here, this.remoteAddress)) {
      this.#links.onceHealed(() => this.#pump());
      return;
    }
    const pieces: Buffer[] = [];
    let last: 'end' | 'reset' | undefined;
    for (const item of this.#sending.splice(0)) {
      if (typeof item === 'string') last = item;
      else pieces.push(item);
    }
    this.#sendingBytes = 0;
    if (pieces.length > 0) this.peer?.receive(Buffer.concat(pieces));
    if (last !== undefined) this.peer?.ended(last);
    if (!this.#full) return;
    this.#full = false;
    this.process.schedule(0, () => {
      if (!this.#closed) this.onDrain();
    });
  }

  receive(bytes: Buffer): void {
    const cut = 1 + this.#links.random.below(bytes.length);
    this.#arrived.push(bytes.subarray(0, cut));
    if (cut < bytes.length) this.#arrived.push(bytes.subarray(cut));
    this.process.schedule(0, () => this.#give());
  }

  ended(how: 'end' | 'reset'): void {
    const error = how === 'end' ? undefined : new NetworkError('ECONNRESET', 'the peer is gone');
    this.process.schedule(0, () => this.#end('end', error));
  }

  #give(): void {
    while (!this.#paused && !this.#closed) {
      const bytes = this.#arrived.shift();
      if (bytes === undefined) return;
      this.onData(bytes);
    }
  }
}
