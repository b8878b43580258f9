import net from 'node:net';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeRequest } from '../protocol/messages.ts';
import { batchOf, TestCluster, testToken, topicConfig, valuesOf } from './testing/test-cluster.ts';

const framesTotal = 7_000;
const bodiesTotal = 3_000;
/** The last one of a connection may break its stream; those before it only break themselves. */
const perConnection = 10;
const seed = 20_260_722;

let cluster: TestCluster;
afterEach(() => cluster.close());

/** Seeded, so that a run that fails can be run again. */
class Dice {
  readonly #generator = xoroshiro128plus(seed);

  below(bound: number): number {
    return (this.#generator.next() >>> 0) % bound;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

/** Requests that a node would answer with a result, to be bent a little. */
function validFrames(topicId: number): Buffer[] {
  const at = { topicId, partition: 0 };
  const cursor = { ...at, group: 'g', generation: 1 };
  const fetch = { ...at, offset: 0, lastTerm: 0, bytesMax: 4096, waitMs: 5, replica: false };
  const config = topicConfig({ name: 'more' });
  const join = { group: 'g', memberId: '', topic: 'orders', sessionTimeoutMs: 200 };
  const hello = { protocolVersion: 1, clientName: 'hostile', token: '' };
  return [
    encodeRequest('hello', 1, hello),
    encodeRequest('metadata', 2, { topics: ['orders'] }),
    encodeRequest('createTopic', 3, { config }),
    encodeRequest('initProducer', 4, { producerId: 1 }),
    encodeRequest('produce', 5, { ...at, batch: batchOf(['hostile', 'records']) }),
    encodeRequest('fetch', 6, fetch),
    encodeRequest('listOffsets', 7, { ...at, replica: false }),
    encodeRequest('openCursor', 8, cursor),
    encodeRequest('commitCursor', 9, { ...cursor, offset: 1 }),
    encodeRequest('joinGroup', 10, join),
    encodeRequest('heartbeatGroup', 11, { group: 'g', memberId: 'm', generation: 1 }),
    encodeRequest('leaveGroup', 12, { group: 'g', memberId: 'm' }),
    encodeRequest('describe', 13, {}),
  ].map((chunks) => Buffer.concat(chunks));
}

/** No frame at all, or one with a length that lies: nothing after it can be read. */
function streamBreaker(dice: Dice, valid: readonly Buffer[]): Buffer {
  if (dice.below(2) === 0) return dice.bytes(1 + dice.below(300));
  const frame = Buffer.from(dice.pick(valid));
  frame.writeUInt32LE(dice.below(0xffff_ffff));
  return frame;
}

/** A whole frame: of random bytes, cut short, or valid but for some bytes. */
function hostileFrame(dice: Dice, valid: readonly Buffer[]): Buffer {
  const frame = Buffer.from(dice.pick(valid));
  switch (dice.below(5)) {
    case 0: {
      const body = dice.bytes(dice.below(200));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(body.length);
      return Buffer.concat([length, body]);
    }
    case 1: {
      const cut = frame.subarray(0, 4 + dice.below(frame.length - 4));
      cut.writeUInt32LE(cut.length - 4);
      return cut;
    }
    default:
      for (let flips = 1 + dice.below(4); flips > 0; flips--) {
        frame[4 + dice.below(frame.length - 4)] = dice.below(256);
      }
      return frame;
  }
}

const paths = [
  '/v1/topics',
  '/v1/topics/orders',
  '/v1/topics/orders/partitions/0/records',
  '/v1/topics/orders/partitions/0/offsets',
  '/v1/topics/orders/partitions/0/cursors/g',
  '/v1/topics/orders/partitions/99999999999/records',
  '/v1/topics/%ff/partitions/0/records',
  '/v1/describe',
  '/healthz',
  '/',
];
const bodies = [
  '{"records":[{"value":"x"}]}',
  '{"records":[{"value":"x","encoding":"base64"}]}',
  '{"generation":1,"offset":1}',
  '{"name":"more","partitions":1e9}',
];

function hostileRequest(dice: Dice, last: boolean): Buffer {
  if (last && dice.below(4) === 0) return dice.bytes(200);
  const body = Buffer.from(dice.pick(bodies));
  for (let flips = dice.below(4); flips > 0; flips--) {
    body[dice.below(body.length)] = dice.below(256);
  }
  const query = dice.below(4) === 0 ? `?offset=${dice.below(9) - 4}&waitMs=${dice.below(9)}` : '';
  const length = last ? dice.below(1_000_000) : body.length;
  const head =
    `${dice.pick(['POST', 'PUT', 'GET', 'DELETE'])} ${dice.pick(paths)}${query} HTTP/1.1\r\n` +
    `host: x\r\ncontent-length: ${length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Writes it all and says that this was all; the node then closes. */
function attack(address: string, bytes: readonly Buffer[]): Promise<void> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.on('data', () => {});
    socket.setTimeout(5000, () => socket.destroy());
    for (const chunk of bytes) socket.write(chunk);
    socket.end();
  });
}

/** Another client, who minds its own business and writes down how long each turn took. */
async function workUntil(topicId: number, done: () => boolean): Promise<number[]> {
  const client = await cluster.connect(1);
  const took: number[] = [];
  for (let turn = 0; !done(); turn++) {
    const fromMs = performance.now();
    const batch = batchOf([`turn ${turn}`]);
    const { baseOffset } = await client.request('produce', { topicId, partition: 0, batch });
    const request = { offset: baseOffset, lastTerm: 0, bytesMax: 100_000, waitMs: 1000 };
    const place = { topicId, partition: 0, replica: false };
    const { batches } = await client.request('fetch', { ...place, ...request });
    expect(valuesOf(batches, baseOffset)[0]).toBe(`turn ${turn}`);
    took.push(performance.now() - fromMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return took;
}

describe('a node under attack', () => {
  test('serves others undisturbed through 10,000 broken frames and HTTP requests', async () => {
    cluster = await TestCluster.start(1, { gatewayListenAddress: '127.0.0.1:0' });
    const node = cluster.running[0]!;
    const target = await cluster.createTopic();
    const own = await cluster.createTopic({ name: 'own' });
    const dice = new Dice();
    const valid = validFrames(target);
    let over = false;
    const working = workUntil(own, () => over);
    const rssBefore = process.memoryUsage.rss();
    let sent = 0;
    const jobs: (() => Promise<void>)[] = [];
    for (let made = 0; made < framesTotal; made += perConnection) {
      const frames = Array.from({ length: perConnection - 1 }, () => hostileFrame(dice, valid));
      frames.push(streamBreaker(dice, valid));
      jobs.push(() => attack(cluster.address(1), frames));
    }
    for (let made = 0; made < bodiesTotal; made += perConnection) {
      const requests = Array.from({ length: perConnection }, (_, at) => {
        return hostileRequest(dice, at === perConnection - 1);
      });
      jobs.push(() => attack(node.gatewayAddress!, requests));
    }
    const attackers = Array.from({ length: 40 }, async () => {
      for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
        await job();
        sent += perConnection;
      }
    });
    await Promise.all(attackers);
    over = true;
    const took = await working;
    expect(sent).toBe(framesTotal + bodiesTotal);
    // They were looked at, and not lost behind one that ended their connection.
    expect(node.metrics.requests).toBeGreaterThan(framesTotal * 0.85);
    expect(node.metrics.errors.get('invalid-request')).toBeGreaterThan(1000);
    expect(node.metrics.httpRequests).toBeGreaterThan(bodiesTotal * 0.8);
    expect(took.length).toBeGreaterThan(20);
    expect(Math.max(...took)).toBeLessThan(2000);
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(256 * 1024 * 1024);
    const health = await fetch(`http://${node.gatewayAddress}/healthz`);
    expect(health.status).toBe(200);
    expect(await (await cluster.connect(1, testToken)).codeOf('describe', {})).toBe('ok');
  }, 60_000);

  test('closes a connection whose frame would be too long, before it has arrived', async () => {
    cluster = await TestCluster.start(1);
    const client = await cluster.connect(1);
    const endless = Buffer.alloc(4);
    endless.writeUInt32LE(0x7fff_ffff);
    client.sendBytes(endless);
    await expect.poll(() => client.closed).toBe(true);
    expect(client.strays.length).toBe(1);
  });

  test('closes a connection whose frame never ends', async () => {
    cluster = await TestCluster.start(1, { limits: { frameTimeoutMs: 60 } });
    const client = await cluster.connect(1);
    client.sendBytes(Buffer.from([200, 0, 0, 0, 4]));
    await expect.poll(() => client.closed).toBe(true);
  });

  test('accepts no more connections than its limit', async () => {
    cluster = await TestCluster.start(1, { limits: { connectionsMax: 2 } });
    const first = await cluster.connect(1);
    await cluster.connect(1);
    const third = await cluster.connect(1);
    await expect.poll(() => third.closed).toBe(true);
    expect(await first.codeOf('describe', {})).toBe('ok');
    expect(cluster.running[0]!.metrics.connectionsRefused).toBe(1);
  });

  test('stops reading from a client that does not take its answers', async () => {
    const limits = {
      connectionOutputBytesMax: 64 * 1024,
      frameBytesMax: 2 << 20,
      batchBytesMax: 1 << 20,
    };
    cluster = await TestCluster.start(1, { limits });
    const topicId = await cluster.createTopic();
    const client = await cluster.connect(1);
    const place = { topicId, partition: 0 };
    for (let at = 0; at < 8; at++) {
      await client.request('produce', { ...place, batch: batchOf(['x'.repeat(1_000_000)]) });
    }
    const greedy = await cluster.connect(1);
    greedy.pause();
    const before = cluster.running[0]!.metrics.bytesOut;
    const request = { offset: 0, lastTerm: 0, bytesMax: 2_000_000, waitMs: 0, replica: false };
    const fetches = Array.from({ length: 500 }, () => {
      return greedy.request('fetch', { ...place, ...request });
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const answered = cluster.running[0]!.metrics.bytesOut - before;
    expect(answered).toBeLessThan(20_000_000);
    expect(await client.codeOf('describe', {})).toBe('ok');
    greedy.resume();
    const all = await Promise.all(fetches);
    expect(all.every((fetched) => fetched.batches.length > 1_000_000)).toBe(true);
  });

  test('answers overloaded when it holds too many requests, and recovers', async () => {
    cluster = await TestCluster.start(1, { limits: { inFlightBytesMax: 40_000 } });
    const topicId = await cluster.createTopic();
    const clients = await Promise.all(Array.from({ length: 20 }, () => cluster.connect(1)));
    const send = (at: number): Promise<string> => {
      const batch = batchOf(['x'.repeat(12_000)]);
      return clients[at]!.codeOf('produce', { topicId, partition: 0, batch });
    };
    const outcomes = await Promise.all(clients.map((_, at) => send(at)));
    expect(new Set(outcomes)).toEqual(new Set(['ok', 'overloaded']));
    expect(await send(0)).toBe('ok');
  });
});
