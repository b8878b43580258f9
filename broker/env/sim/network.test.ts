import { describe, expect, test } from 'vitest';
import type { Connection } from '../network.ts';
import { sendMessage, SimLinks } from './links.ts';
import { SimNetwork } from './network.ts';
import { SimProcess } from './process.ts';
import { SimRandom } from './random.ts';
import { SimScheduler } from './scheduler.ts';

function world() {
  const scheduler = new SimScheduler();
  const links = new SimLinks({ scheduler, random: new SimRandom(1) });
  const network = new SimNetwork(links);
  const server = new SimProcess(scheduler);
  const client = new SimProcess(scheduler);
  return { scheduler, links, network, server, client };
}

async function connected() {
  const parts = world();
  const accepted: Connection[] = [];
  const received: Buffer[] = [];
  const closes: string[] = [];
  const listener = await parts.network.host('s', parts.server).listen('s:0', (connection) => {
    accepted.push(connection);
    connection.onData = (bytes) => received.push(bytes);
    connection.onClose = (error) => closes.push(`server ${error === undefined}`);
  });
  const connecting = parts.network.host('c', parts.client).connect(listener.address);
  await parts.scheduler.run({ untilMs: 10 });
  const connection = await connecting;
  connection.onClose = (error) => closes.push(`client ${error === undefined}`);
  const text = (): string => Buffer.concat(received).toString();
  return { ...parts, connection, accepted, closes, text };
}

describe('simulated streams', () => {
  test('bytes arrive whole and in order, in pieces', async () => {
    const { scheduler, connection, text } = await connected();
    for (let part = 0; part < 50; part++) connection.write([Buffer.from(`${part},`)]);
    await scheduler.run({ untilMs: 20 });
    connection.write([Buffer.from('end')]);
    await scheduler.run({ untilMs: 30 });
    expect(text()).toBe(Array.from({ length: 50 }, (_, part) => `${part},`).join('') + 'end');
  });

  test('a cut direction holds bytes back until it heals, without a reset', async () => {
    const { scheduler, links, connection, text, closes } = await connected();
    links.cut('c', 's');
    connection.write([Buffer.from('held')]);
    await scheduler.run({ untilMs: 1_000 });
    expect(text()).toBe('');
    links.heal('c', 's');
    await scheduler.run({ untilMs: 2_000 });
    expect(text()).toBe('held');
    expect(closes).toEqual([]);
  });

  test('closing ends both sides once; a killed process resets its peers', async () => {
    const closing = await connected();
    closing.connection.close();
    await closing.scheduler.run({ untilMs: 20 });
    expect(closing.closes).toEqual(['client true', 'server true']);

    const killed = await connected();
    killed.server.kill();
    killed.network.reset(killed.server);
    await killed.scheduler.run({ untilMs: 20 });
    expect(killed.closes).toEqual(['client false']);
  });

  test('a paused receiver gets nothing until it resumes; a full sender waits', async () => {
    const { scheduler, connection, accepted, text } = await connected();
    let drained = 0;
    connection.onDrain = () => drained++;
    accepted[0]!.pause();
    expect(connection.write([Buffer.alloc(300_000, 'x')])).toBe(false);
    await scheduler.run({ untilMs: 20 });
    expect(drained).toBe(1);
    expect(text()).toBe('');
    accepted[0]!.resume();
    await scheduler.run({ untilMs: 30 });
    expect(text()).toHaveLength(300_000);
  });

  test('connecting to nobody is refused, into a cut it times out', async () => {
    const { scheduler, links, network, client } = world();
    const host = network.host('c', client);
    const errors: unknown[] = [];
    host.connect('s:1').catch((error: unknown) => errors.push(error));
    await scheduler.run({ untilMs: 10 });
    expect(errors).toMatchObject([{ code: 'ECONNREFUSED' }]);
    links.cut('s', 'c');
    host.connect('s:1', { timeoutMs: 50 }).catch((error: unknown) => errors.push(error));
    await scheduler.run({ untilMs: 100 });
    expect(errors).toMatchObject([{ code: 'ECONNREFUSED' }, { code: 'ETIMEDOUT' }]);
  });
});

describe('simulated messages', () => {
  test('they are lost, doubled and reordered as the links say, and never cross a cut', async () => {
    const { scheduler, links } = world();
    const delayMs = { from: 0, to: 10 };
    links.quality = { delayMs, lossProbability: 0.2, duplicateProbability: 0.2 };
    const seen: number[] = [];
    for (let n = 0; n < 500; n++) sendMessage(links, { from: 'a', to: 'b' }, () => seen.push(n));
    await scheduler.run({ untilMs: 20 });
    const distinct = new Set(seen);
    expect(distinct.size).toBeGreaterThan(380);
    expect(distinct.size).toBeLessThan(470);
    expect(seen.length).toBeGreaterThan(distinct.size + 40);
    expect(seen).not.toEqual(seen.toSorted((a, b) => a - b));

    links.cut('a', 'b');
    sendMessage(links, { from: 'a', to: 'b' }, () => seen.push(-1));
    await scheduler.run({ untilMs: 40 });
    expect(seen).not.toContain(-1);
  });
});
