import { randomBytes } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link, Sighting } from '../links.ts';
import { linkKey } from './link-rules.ts';
import { listenOnLoopback, splitAddress, type Proxies } from './proxies.ts';

/** A frame that is expected is waited for this long: the machine may be busy. */
const arriveMsMax = 10_000;
/** Frames that should not arrive get this long to show up, and as long as the others needed. */
const quietMs = 250;
const frameBytes = 16;

/**
 * Proves what passes over which link. For each link and each side that may dial, a connection of
 * its own is put under the very rules of that link, and a frame is sent over it: what comes out at
 * the other end, and when, is what would have become of a frame of the broker. Rejects when the
 * connections cannot be made: then nothing was lost, and nothing is proven.
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
  const ways = options.links.flatMap((link) =>
    [link, { from: link.to, to: link.from }]
      .filter(options.dials)
      .map((forward) => ({ link, forward })),
  );
  const pairs = await Pairs.open();
  try {
    const ends = await Promise.all(ways.map(() => pairs.both()));
    const frames = ways.map(({ link, forward }, index) => {
      const { near, nearInner, farInner, far } = ends[index]!;
      proxies.carryProbe(forward, nearInner, farInner);
      const [source, sink] = forward === link ? [near, far] : [far, near];
      return exchange(source, sink);
    });
    const expected = frames.filter((_, index) => !lost.has(linkKey(ways[index]!.link)));
    const arrivals = Promise.all(expected.map(({ arrived }) => arrived));
    const tooLong = sleep(arriveMsMax, undefined, { ref: false });
    await Promise.all([Promise.race([arrivals, tooLong]), sleep(quietMs)]);
    return ways.map(({ link, forward }, index) => ({
      ...link,
      dialledBy: forward.from,
      arrivedMs: frames[index]!.tookMs(),
    }));
  } finally {
    pairs.close();
  }
}

interface Frame {
  /** Resolves when the very bytes that went in have come out. */
  readonly arrived: Promise<void>;
  tookMs(): number | null;
}

function exchange(source: Socket, sink: Socket): Frame {
  const bytes = randomBytes(frameBytes);
  const sentAt = performance.now();
  let took: number | null = null;
  const arrived = new Promise<void>((resolve) => {
    let seen = Buffer.alloc(0);
    sink.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      if (took !== null || !seen.subarray(0, frameBytes).equals(bytes)) return;
      took = performance.now() - sentAt;
      resolve();
    });
  });
  source.write(bytes);
  return { arrived, tookMs: () => took };
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

  /** What a relay carries between, and the outer ends of it. */
  async both(): Promise<Record<'near' | 'nearInner' | 'farInner' | 'far', Socket>> {
    const [[near, nearInner], [farInner, far]] = await Promise.all([this.#pair(), this.#pair()]);
    return { near, nearInner, farInner, far };
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
