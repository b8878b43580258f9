import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
