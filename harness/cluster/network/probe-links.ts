import { randomBytes } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link, Sighting } from '../links.ts';
import { linkKey } from './link-rules.ts';
import { listenOnLoopback, splitAddress, type Proxies } from './proxies.ts';

/** A frame that is expected is waited for this long: the machine may be busy. */
const arriveMsMax = 5_000;
/** Frames that should not arrive get this long to show up, and as long as the others needed. */
const quietMs = 250;
const framesBytes = 16;

interface Sent {
  readonly link: Link;
  readonly dialledBy: string;
  readonly expected: boolean;
  arrivedMs: number | null;
}

/**
 * Proves what passes over which link. For each link and each side that may dial, a connection of
 * its own is put under the very rules of that link, and a frame is sent over it: what comes out at
 * the other end, and when, is what would have become of a frame of the broker.
 */
export async function probeLinks(
  proxies: Proxies,
  options: {
    readonly links: readonly Link[];
    readonly expectLost: readonly Link[];
    /** Whether the one dials the other: clients are not dialled. */
    readonly dials: (link: Link) => boolean;
  },
): Promise<Sighting[]> {
  const lost = new Set(options.expectLost.map(linkKey));
  const pairs = await Pairs.open();
  try {
    const sent: Sent[] = [];
    const arrivals = options.links.flatMap((link) => {
      const back = { from: link.to, to: link.from };
      return [link, back].filter(options.dials).map(async (forward) => {
        const frame: Sent = {
          link,
          dialledBy: forward.from,
          expected: !lost.has(linkKey(link)),
          arrivedMs: null,
        };
        sent.push(frame);
        const { near, far } = await pairs.carried(proxies, forward);
        const [source, sink] = forward === link ? [near, far] : [far, near];
        await exchange(source, sink, frame);
      });
    });
    const all = Promise.allSettled(arrivals);
    const wanted = Promise.race([all, sleep(arriveMsMax, undefined, { ref: false })]);
    await Promise.all([settled(sent, arrivals, wanted), sleep(quietMs)]);
    return sent.map(({ link, dialledBy, arrivedMs }) => ({ ...link, dialledBy, arrivedMs }));
  } finally {
    pairs.close();
  }
}

/** Until every frame that is expected has arrived, or `atMost` is over. */
async function settled(
  sent: readonly Sent[],
  arrivals: readonly Promise<void>[],
  atMost: Promise<unknown>,
): Promise<void> {
  const expected = arrivals.filter((_, index) => sent[index]?.expected);
  await Promise.race([Promise.allSettled(expected), atMost]);
}

/** Resolves when the very frame that went in has come out. */
function exchange(source: Socket, sink: Socket, frame: Sent): Promise<void> {
  const bytes = randomBytes(framesBytes);
  const sentAt = performance.now();
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    sink.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      if (seen.length < framesBytes || !seen.subarray(0, framesBytes).equals(bytes)) return;
      frame.arrivedMs ??= performance.now() - sentAt;
      resolve();
    });
    source.write(bytes);
  });
}

/** Connected pairs of sockets through the kernel, all in this process. */
class Pairs {
  readonly #sockets: Socket[] = [];
  readonly #accepted = new Map<number, (socket: Socket) => void>();
  readonly #server = createServer((socket) => {
    this.#sockets.push(socket);
    socket.on('error', () => undefined);
    this.#accepted.get(socket.remotePort ?? 0)?.(socket);
  });
  #address = '';

  static async open(): Promise<Pairs> {
    const pairs = new Pairs();
    pairs.#address = await listenOnLoopback(pairs.#server, 512);
    return pairs;
  }

  /** The outer ends of a connection that is carried under the rules of `forward`. */
  async carried(proxies: Proxies, forward: Link): Promise<{ near: Socket; far: Socket }> {
    const [[near, nearInner], [farInner, far]] = await Promise.all([this.#pair(), this.#pair()]);
    proxies.carryProbe(forward, nearInner, farInner);
    return { near, far };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pair(): Promise<[dialled: Socket, accepted: Socket]> {
    const [host, port] = splitAddress(this.#address);
    return new Promise((resolve, reject) => {
      const dialled = connect({ host, port });
      this.#sockets.push(dialled);
      dialled.on('error', reject);
      // It may be accepted before or after it is told that it is connected.
      dialled.once('connect', () => {
        const { localPort = 0 } = dialled;
        const known = this.#sockets.find(
          (socket) => socket !== dialled && socket.remotePort === localPort,
        );
        if (known) resolve([dialled, known]);
        else this.#accepted.set(localPort, (accepted) => resolve([dialled, accepted]));
      });
    });
  }
}
