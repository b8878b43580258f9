import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePorts } from '../cluster/process/free-ports.ts';
import { clockDomain } from '../measure/clock.ts';
import { answerOne, claimWorker } from './claim.ts';

const host = '127.0.0.1';
const token = 'secret';
const sockets: Socket[] = [];
const patience = { timeout: 20_000 };

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function listening(): Promise<{ port: number; claimed: Socket[] }> {
  const [port = 0] = await freePorts(1);
  const claimed: Socket[] = [];
  const onClaim = (socket: Socket): void => {
    sockets.push(socket);
    claimed.push(socket);
  };
  await answerOne({ host, port, token, onClaim });
  return { port, claimed };
}

async function dialled(port: number): Promise<Socket> {
  const socket = connect({ host, port });
  sockets.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

test.each(['wrong!\n', 'secret and more\n', 'x'.repeat(10_000)])(
  'a stranger who says %j is hung up on, and the worker still waits for the harness',
  async (said) => {
    const { port, claimed } = await listening();
    const stranger = await dialled(port);
    stranger.write(said);
    await once(stranger, 'close');
    expect(claimed).toHaveLength(0);
    const harness = await dialled(port);
    harness.write(`${token}\n`);
    await expect.poll(() => claimed.length, patience).toBe(1);
  },
);

test('a worker belongs to the first who shows the token', async () => {
  const { port, claimed } = await listening();
  const late = await dialled(port);
  const first = await dialled(port);
  first.write(token);
  first.write('\n');
  await expect.poll(() => claimed.length, patience).toBe(1);
  late.write(`${token}\n`);
  await once(late, 'close');
  expect(claimed).toHaveLength(1);
});

test('a worker that was claimed is heard once it greets with its token', async () => {
  const { port, claimed } = await listening();
  const heard: string[] = [];
  const socket = await claimWorker({
    port,
    token,
    heard: {
      onHello: ({ pid }) => heard.push(`hello of ${pid}`),
      onMessage: ({ type }) => heard.push(type),
      onClose: () => heard.push('closed'),
    },
  });
  sockets.push(socket);
  await expect.poll(() => claimed.length, patience).toBe(1);
  const say = (message: object): void => void claimed[0]!.write(`${JSON.stringify(message)}\n`);
  say({ type: 'hello', token, name: 'producer-1', pid: 7, clockDomain: clockDomain() });
  say({ type: 'ready' });
  await expect.poll(() => heard, patience).toEqual(['hello of 7', 'ready']);
  claimed[0]!.destroy();
  await expect.poll(() => heard.at(-1), patience).toBe('closed');
});

test('a worker that cannot be reached is told in one sentence', async () => {
  const [port = 0] = await freePorts(1);
  const heard = { onHello: () => undefined, onMessage: () => undefined, onClose: () => undefined };
  await expect(claimWorker({ port, token, heard })).rejects.toThrow(
    `the worker at port ${port} cannot be reached: connect ECONNREFUSED`,
  );
});
