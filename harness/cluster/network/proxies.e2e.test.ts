import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Link } from '../links.ts';
import { linkKey } from './link-rules.ts';
import { probeLinks } from './probe-links.ts';
import { listenOnLoopback, loopback, Proxies, splitAddress } from './proxies.ts';

// Two nodes that dial each other, and a client that dials both.
const pairs: Link[] = [
  { from: 'a', to: 'b' },
  { from: 'b', to: 'a' },
  { from: 'client', to: 'a' },
  { from: 'client', to: 'b' },
];
const ab = { from: 'a', to: 'b' };
const ba = { from: 'b', to: 'a' };
/** In which nothing that is stuck would come, and what is not stuck has long come. */
const quietMs = 300;

let proxies: Proxies;
let addresses: Map<string, string>;
/** What each site accepted, in order. */
let accepted: Record<'a' | 'b', Socket[]>;
let servers: Record<'a' | 'b', Server>;
let sockets: Socket[];

beforeEach(async () => {
  accepted = { a: [], b: [] };
  sockets = [];
  const site = (name: 'a' | 'b'): Server =>
    createServer({ allowHalfOpen: true }, (socket) => {
      keep(socket);
      accepted[name].push(socket);
    });
  servers = { a: site('a'), b: site('b') };
  proxies = new Proxies();
  addresses = new Map(
    (await proxies.listen(pairs.map((pair) => ({ ...pair, host: loopback })))).map(
      (pair) => [linkKey(pair), pair.address] as const,
    ),
  );
  const targets = {
    a: await listenOnLoopback(servers.a),
    b: await listenOnLoopback(servers.b),
  };
  for (const pair of pairs) proxies.setTarget(pair, targets[pair.to as 'a' | 'b']);
});

afterEach(() => {
  proxies.close();
  for (const socket of sockets) socket.destroy();
  servers.a.close();
  servers.b.close();
});

function keep(socket: Socket): Socket {
  sockets.push(socket);
  socket.on('error', () => undefined);
  return socket;
}

async function dial(link: Link): Promise<Socket> {
  const [host, port] = splitAddress(addresses.get(linkKey(link))!);
  const socket = keep(connect({ host, port, allowHalfOpen: true }));
  await once(socket, 'connect');
  return socket;
}

/** A connection through the proxies, both of whose ends have heard of each other. */
async function joined(link: Link): Promise<{ near: Socket; far: Socket }> {
  const side = link.to as 'a' | 'b';
  const before = accepted[side].length;
  const near = await dial(link);
  await until(() => accepted[side].length > before);
  return { near, far: accepted[side].at(-1)! };
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await sleep(5);
}

/** All that this socket receives from now on. */
function hear(socket: Socket): { text(): string } {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { text: () => Buffer.concat(chunks).toString() };
}

/** How the socket ended: "end" in good order, or the code of its error. */
async function ending(socket: Socket): Promise<string> {
  socket.resume();
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.once('end', () => resolve('end'));
  });
}

describe('without a rule', () => {
  test('no byte is lost or changed, either way, and each end is told of the other', async () => {
    const { near, far } = await joined(ab);
    const send = async (from: Socket, to: Socket): Promise<void> => {
      const sent = createHash('sha256');
      const received = createHash('sha256');
      to.on('data', (chunk: Buffer) => received.update(chunk));
      const ended = once(to, 'end');
      for (let turn = 0; turn < 200; turn++) {
        const bytes = randomBytes(1 + ((turn * 7919) % 100_000));
        sent.update(bytes);
        if (!from.write(bytes)) await once(from, 'drain');
      }
      from.end();
      await ended;
      expect(received.digest('hex')).toBe(sent.digest('hex'));
    };
    await Promise.all([send(near, far), send(far, near)]);
  });

  test('a reset of one end reaches the other', async () => {
    const { near, far } = await joined(ab);
    const ended = ending(near);
    far.resetAndDestroy();
    expect(await ended).toBe('ECONNRESET');
  });

  test('whoever dials a node that is gone is hung up on', async () => {
    servers.b.close();
    expect(await ending(await dial(ab))).toBe('ECONNRESET');
  });

  test('a slow reader holds up the sender and fills no memory', async () => {
    const { near, far } = await joined(ab);
    far.pause();
    const chunk = Buffer.alloc(1 << 20);
    let written = 0;
    // More than all the kernel's buffers on the way can hold.
    while (written < 256 << 20) {
      written += chunk.length;
      if (near.write(chunk)) continue;
      const drained = await Promise.race([once(near, 'drain'), sleep(1000, 'stuck')]);
      if (drained === 'stuck') break;
    }
    expect(written).toBeLessThan(64 << 20);
    let received = 0;
    far.on('data', (bytes: Buffer) => (received += bytes.length));
    far.resume();
    await until(() => received === written);
  });
});

describe('a cut', () => {
  test('holds back its own way alone, on connections that either side dialled', async () => {
    const dialledByA = await joined(ab);
    const dialledByB = await joined(ba);
    const [atB1, atA1] = [hear(dialledByA.far), hear(dialledByA.near)];
    const [atA2, atB2] = [hear(dialledByB.far), hear(dialledByB.near)];
    proxies.apply({ id: 'cut', kind: 'cut', links: [ab] });
    dialledByA.near.write('a to b');
    dialledByA.far.write('b to a');
    dialledByB.far.write('a to b');
    dialledByB.near.write('b to a');
    await until(() => atA1.text() === 'b to a' && atA2.text() === 'b to a');
    await sleep(quietMs);
    expect([atB1.text(), atB2.text()]).toEqual(['', '']);
    expect(proxies.traffic('cut')).toEqual({ connections: 2, bytesForwarded: 0 });
  });

  test('tells nobody that the other end is gone, until it is healed', async () => {
    const { near, far } = await joined(ab);
    let told = false;
    near.once('close', () => (told = true));
    near.resume();
    proxies.apply({ id: 'cut', kind: 'cut', links: [ab, ba] });
    far.resetAndDestroy();
    near.write('anybody there?');
    await sleep(quietMs);
    expect(told).toBe(false);
    proxies.lift('cut');
    await until(() => told);
  });

  test('accepts new connections, gives them silence, and dials nobody', async () => {
    proxies.apply({ id: 'cut', kind: 'cut', links: [ab, ba] });
    const near = await dial(ab);
    const heard = hear(near);
    near.write('hello');
    await sleep(quietMs);
    expect(heard.text()).toBe('');
    expect(near.destroyed).toBe(false);
    expect(accepted.b).toHaveLength(0);
    const ended = ending(near);
    proxies.lift('cut');
    expect(await ended).toBe('ECONNRESET');
    expect(accepted.b).toHaveLength(0);
  });

  test('resets what was under it when it is healed, on both sides, and nothing else', async () => {
    const cut = await joined(ab);
    const other = await joined({ from: 'client', to: 'b' });
    proxies.apply({ id: 'cut', kind: 'cut', links: [ba] });
    const ends = Promise.all([ending(cut.near), ending(cut.far)]);
    proxies.lift('cut');
    expect(await ends).toEqual(['ECONNRESET', 'ECONNRESET']);
    const heard = hear(other.far);
    other.near.write('still here');
    await until(() => heard.text() === 'still here');
    const again = await joined(ab);
    const after = hear(again.far);
    again.near.write('and again');
    await until(() => after.text() === 'and again');
  });

  test('that overlaps another heals only its own', async () => {
    const toA = await joined({ from: 'client', to: 'a' });
    const toB = await joined({ from: 'client', to: 'b' });
    const heard = hear(toB.far);
    const links = [
      { from: 'client', to: 'a' },
      { from: 'client', to: 'b' },
    ];
    proxies.apply({ id: 'one', kind: 'cut', links });
    proxies.apply({ id: 'two', kind: 'cut', links: links.slice(1) });
    const ended = ending(toA.near);
    toB.near.write('held');
    proxies.lift('one');
    expect(await ended).toBe('ECONNRESET');
    await sleep(quietMs);
    expect(heard.text()).toBe('');
    expect(toB.near.destroyed).toBe(false);
    const bothEnded = ending(toB.near);
    proxies.lift('two');
    expect(await bothEnded).toBe('ECONNRESET');
  });

  test('of both ways that is half lifted lets the one way through and resets with the other', async () => {
    const { near, far } = await joined(ab);
    const heard = hear(far);
    proxies.apply({ id: 'there', kind: 'cut', links: [ab] });
    proxies.apply({ id: 'back', kind: 'cut', links: [ba] });
    near.write('held');
    proxies.lift('there');
    await until(() => heard.text() === 'held');
    expect(near.destroyed).toBe(false);
    const ended = ending(near);
    proxies.lift('back');
    expect(await ended).toBe('ECONNRESET');
  });
});

describe('a delay', () => {
  test('holds bytes as long as it says, in order, and the end behind them', async () => {
    const { near, far } = await joined(ab);
    proxies.apply({ id: 'slow', kind: 'delay', delayMs: 150, jitterMs: 100, links: [ab] });
    const heard = hear(far);
    const ended = once(far, 'end');
    const sentAt = performance.now();
    let sent = '';
    for (let turn = 0; turn < 20; turn++) {
      sent += `${turn} `;
      near.write(`${turn} `);
      await sleep(5);
    }
    near.end();
    await until(() => heard.text() !== '');
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(50);
    await ended;
    expect(heard.text()).toBe(sent);
  });

  test('leaves the other way as it is, and is over when it is lifted', async () => {
    const { near, far } = await joined(ab);
    proxies.apply({ id: 'slow', kind: 'delay', delayMs: 60_000, jitterMs: 0, links: [ab] });
    const [there, back] = [hear(far), hear(near)];
    near.write('there');
    far.write('back');
    await until(() => back.text() === 'back');
    expect(there.text()).toBe('');
    proxies.lift('slow');
    await until(() => there.text() === 'there');
    expect(near.destroyed).toBe(false);
  });

  test('lets go of nothing that is under way when a reset comes', async () => {
    const { near, far } = await joined(ab);
    const delayMs = 2000;
    proxies.apply({ id: 'slow', kind: 'delay', delayMs, jitterMs: 0, links: [ab] });
    const heard = hear(far);
    near.end('the last words');
    // They have come as far as the proxy.
    await sleep(50);
    proxies.reset([ab]);
    await sleep(delayMs);
    expect(heard.text()).toBe('');
  });

  test('holds up a fast sender rather than fill memory', async () => {
    const { near } = await joined(ab);
    proxies.apply({ id: 'slow', kind: 'delay', delayMs: 60_000, jitterMs: 0, links: [ab] });
    let written = 0;
    while (written < 256 << 20) {
      written += 1 << 20;
      if (near.write(Buffer.alloc(1 << 20))) continue;
      const drained = await Promise.race([once(near, 'drain'), sleep(1000, 'stuck')]);
      if (drained === 'stuck') break;
    }
    expect(written).toBeLessThan(64 << 20);
  });
});

test('a reset ends both sides of every connection over its links, and of no other', async () => {
  const [one, two] = [await joined(ab), await joined(ba)];
  const other = await joined({ from: 'client', to: 'b' });
  const ends = Promise.all([one.near, one.far, two.near, two.far].map(ending));
  expect(proxies.reset([ab]).connections).toBe(2);
  expect(await ends).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
  await sleep(quietMs);
  expect(other.near.destroyed).toBe(false);
});

describe('a probe', () => {
  const dials = (link: Link): boolean => pairs.some((pair) => linkKey(pair) === linkKey(link));
  const links = [ab, ba, { from: 'client', to: 'a' }, { from: 'a', to: 'client' }];
  const arrived = (sightings: Awaited<ReturnType<typeof probeLinks>>): string[] =>
    sightings
      .filter(({ arrivedMs }) => arrivedMs !== null)
      .map(({ from, to, dialledBy }) => `${from}>${to} by ${dialledBy}`)
      .toSorted();

  test('sends a frame over each way, for each side that may dial', async () => {
    const sightings = await probeLinks(proxies, { links, expectLost: [], dials });
    expect(arrived(sightings)).toEqual([
      'a>b by a',
      'a>b by b',
      'a>client by client',
      'b>a by a',
      'b>a by b',
      'client>a by client',
    ]);
    expect(accepted).toEqual({ a: [], b: [] });
  });

  test('sees which ways are cut, whoever dialled, and is nobody’s traffic', async () => {
    proxies.apply({ id: 'cut', kind: 'cut', links: [ab] });
    const sightings = await probeLinks(proxies, { links, expectLost: [ab], dials });
    expect(arrived(sightings)).toEqual([
      'a>client by client',
      'b>a by a',
      'b>a by b',
      'client>a by client',
    ]);
    expect(proxies.traffic('cut')).toEqual({ connections: 0, bytesForwarded: 0 });
  });

  test('sees a cut that is expected and does not act', async () => {
    const sightings = await probeLinks(proxies, { links: [ab], expectLost: [ab], dials });
    expect(arrived(sightings)).toEqual(['a>b by a', 'a>b by b']);
  });

  test('tells how long a frame was under way', async () => {
    proxies.apply({ id: 'slow', kind: 'delay', delayMs: 100, jitterMs: 0, links: [ab] });
    const sightings = await probeLinks(proxies, { links: [ab, ba], expectLost: [], dials });
    for (const { from, arrivedMs } of sightings) {
      if (from === 'a') expect(arrivedMs).toBeGreaterThanOrEqual(100);
      else expect(arrivedMs).not.toBeNull();
    }
  });
});
