import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { monotonicNanos } from '../measure/clock.ts';
import { Channel } from './channel.ts';
import { ControlServer, type WorkerConnection } from './control-server.ts';
import type { FromWorker, ToWorker } from './control.ts';

let server: ControlServer;

beforeEach(async () => {
  server = await ControlServer.listen();
});

afterEach(() => server.close());

const hello = (token: string): FromWorker => ({
  type: 'hello',
  token,
  name: 'producer-1',
  pid: 42,
  clockDomain: 'boot',
});

function dial(first: FromWorker | string) {
  const [host, port] = server.address.split(':');
  const socket = connect({ host: host!, port: Number(port) });
  const heard: ToWorker[] = [];
  let hangUp: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (hangUp = resolve));
  const channel = new Channel<ToWorker, FromWorker>(socket, {
    onMessage: (message) => heard.push(message),
    onClose: () => hangUp(),
  });
  socket.once('connect', () =>
    typeof first === 'string' ? socket.write(first) : channel.send(first),
  );
  return { channel, heard, closed };
}

describe('the control connections', () => {
  test('know a worker by its token, and pass on what it says', async () => {
    const said: string[] = [];
    const connected = new Promise<WorkerConnection>((resolve) => {
      server.expect('secret', {
        onHello: resolve,
        onMessage: ({ type }) => said.push(type),
        onClose: () => said.push('closed'),
      });
    });
    const worker = dial(hello('secret'));
    const connection = await connected;
    expect(connection).toMatchObject({ pid: 42, clockDomain: 'boot' });
    connection.send({ type: 'start', originNanos: 5 });
    worker.channel.send({ type: 'ready' });
    while (worker.heard.length === 0 || said.length === 0)
      await new Promise((resolve) => setImmediate(resolve));
    expect(worker.heard).toEqual([{ type: 'start', originNanos: 5 }]);
    connection.close();
    await worker.closed;
    expect(said).toEqual(['ready', 'closed']);
  });

  async function connected(): Promise<{
    readonly connection: WorkerConnection;
    readonly worker: ReturnType<typeof dial>;
  }> {
    const known = new Promise<WorkerConnection>((onHello) => {
      server.expect('secret', { onHello, onMessage: () => undefined, onClose: () => undefined });
    });
    const worker = dial(hello('secret'));
    return { connection: await known, worker };
  }

  const asked = async (worker: ReturnType<typeof dial>, asks: number): Promise<number[]> => {
    while (worker.heard.length < asks) await new Promise((resolve) => setImmediate(resolve));
    return worker.heard.map((message) => (message.type === 'clock?' ? message.ask : -1));
  };

  test('read the clock of a worker, between the question and its answer, in whichever order', async () => {
    const { connection, worker } = await connected();
    const before = monotonicNanos();
    const readings = [connection.readClock(), connection.readClock()];
    const [first = 0, second = 0] = await asked(worker, 2);
    worker.channel.send({ type: 'clock', ask: second, nanos: 2 });
    worker.channel.send({ type: 'clock', ask: 4711, nanos: 3 });
    worker.channel.send({ type: 'clock', ask: first, nanos: 1 });
    const [one, two] = await Promise.all(readings);
    expect([one!.readNanos, two!.readNanos]).toEqual([1, 2]);
    for (const { askedNanos, answeredNanos } of [one!, two!]) {
      expect(askedNanos).toBeGreaterThanOrEqual(before);
      expect(answeredNanos).toBeGreaterThan(askedNanos);
    }
    expect(two!.answeredNanos).toBeLessThanOrEqual(one!.answeredNanos);
  });

  test('give up the clock of a worker that does not answer, or is gone', async () => {
    const { connection, worker } = await connected();
    await expect(connection.readClock()).rejects.toThrow(/did not tell its clock within 1000 ms/);
    const reading = connection.readClock();
    await asked(worker, 2);
    worker.channel.destroy();
    await expect(reading).rejects.toThrow(/was gone before it told its clock/);
    await expect(connection.readClock()).rejects.toThrow(/was gone before it told its clock/);
  });

  test.each<[string, FromWorker | string]>([
    ['shows a token that nobody was given', hello('guess')],
    ['does not say hello first', { type: 'ready' }],
    ['does not speak the language', 'GET / HTTP/1.1\r\n\r\n'],
  ])('hang up on one that %s', async (_, first) => {
    let known = false;
    server.expect('secret', {
      onHello: () => (known = true),
      onMessage: () => undefined,
      onClose: () => undefined,
    });
    await dial(first).closed;
    expect(known).toBe(false);
  });

  test('take a token once', async () => {
    server.expect('secret', {
      onHello: () => undefined,
      onMessage: () => undefined,
      onClose: () => undefined,
    });
    const first = dial(hello('secret'));
    first.channel.send({ type: 'ready' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await dial(hello('secret')).closed;
    first.channel.destroy();
  });
});
