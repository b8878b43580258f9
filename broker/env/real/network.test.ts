import { describe, expect, test } from 'vitest';
import type { Connection } from '../network.ts';
import { RealClock } from './clock.ts';
import { RealNetwork } from './network.ts';

const network = new RealNetwork();

async function pair(): Promise<{ client: Connection; server: Connection; stop: () => void }> {
  let accepted: (connection: Connection) => void;
  const server = new Promise<Connection>((resolve) => {
    accepted = resolve;
  });
  const listener = await network.listen('127.0.0.1:0', (connection) => accepted(connection));
  const client = await network.connect(listener.address);
  return { client, server: await server, stop: () => void listener.close() };
}

function received(connection: Connection, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let got = 0;
  return new Promise((resolve) => {
    connection.onData = (chunk) => {
      chunks.push(chunk);
      got += chunk.length;
      if (got >= bytes) resolve(Buffer.concat(chunks));
    };
  });
}

describe('a real connection', () => {
  test('carries chunks of every size in order', async () => {
    const { client, server, stop } = await pair();
    const chunks = Array.from({ length: 400 }, (_, at) => Buffer.alloc((at * 37) % 5000, at));
    const whole = Buffer.concat(chunks);
    const arrival = received(server, whole.length);
    for (let at = 0; at < chunks.length; at += 3) client.write(chunks.slice(at, at + 3));
    expect((await arrival).equals(whole)).toBe(true);
    client.close();
    stop();
  });

  test('asks to wait when the peer does not read, and says when to go on', async () => {
    const { client, server, stop } = await pair();
    server.pause();
    const chunk = Buffer.alloc(1 << 20);
    const drained = new Promise<void>((resolve) => {
      client.onDrain = resolve;
    });
    let written = 0;
    while (client.write([chunk])) {
      written += chunk.length;
      await new Promise(setImmediate);
    }
    written += chunk.length;
    const arrival = received(server, written);
    server.resume();
    await drained;
    expect((await arrival).length).toBe(written);
    client.close();
    stop();
  });

  test('tells both sides once when one closes, and drops what is written after', async () => {
    const { client, server, stop } = await pair();
    let closes = 0;
    const closed = new Promise<void>((resolve) => {
      server.onClose = () => {
        closes++;
        resolve();
      };
    });
    const own = new Promise<Error | undefined>((resolve) => {
      client.onClose = resolve;
    });
    const arrival = received(server, 3);
    client.write([Buffer.from('bye')]);
    client.close();
    client.close();
    expect(client.write([Buffer.from('late')])).toBe(false);
    expect(String(await arrival)).toBe('bye');
    await closed;
    expect(await own).toBeUndefined();
    expect(closes).toBe(1);
    stop();
  });

  test('is refused with a code where nobody listens or the address is none', async () => {
    const listener = await network.listen('127.0.0.1:0', () => {});
    await listener.close();
    await expect(network.connect(listener.address)).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'ECONNREFUSED',
    });
    await expect(network.connect('nonsense')).rejects.toThrow('host:port');
  });
});

test('a real timer never fires before its time, and not at all once cancelled', async () => {
  const clock = new RealClock();
  let cancelledFired = false;
  const cancelled = clock.setTimer(1, () => {
    cancelledFired = true;
  });
  cancelled.cancel();
  for (const delayMs of [0, 0.4, 1.3, 2.7]) {
    const from = clock.monotonicMs();
    await new Promise<void>((resolve) => {
      clock.setTimer(delayMs, resolve);
    });
    expect(clock.monotonicMs() - from).toBeGreaterThanOrEqual(delayMs);
  }
  expect(cancelledFired).toBe(false);
});
