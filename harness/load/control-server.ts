import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { HarnessError } from '../errors.ts';
import type { ClockReading } from '../measure/clock-offset.ts';
import { ClockPings } from './clock-pings.ts';
import type { FromWorker, ToWorker } from './control.ts';

export interface WorkerConnection {
  readonly pid: number;
  readonly clockDomain: string;
  /** Rejects when there is no answer within a second, or the connection is gone. */
  readClock(): Promise<ClockReading>;
  send(message: ToWorker): void;
  close(): void;
}

/** What a worker says of itself, and not in answer to the connection. */
export type Heard = Exclude<FromWorker, { type: 'hello' | 'clock' }>;

export interface ExpectedWorker {
  readonly onHello: (connection: WorkerConnection) => void;
  readonly onMessage: (message: Heard) => void;
  readonly onClose: () => void;
}

/** A worker says hello within this, or it is no worker. */
const helloMsMax = 10_000;

/**
 * The harness's end of the control connections: workers dial in and are told apart by a token that
 * each was started with. A stranger is hung up on.
 */
export class ControlServer {
  readonly #server: Server;
  readonly #expected = new Map<string, ExpectedWorker>();
  readonly #sockets = new Set<Socket>();
  readonly address: string;

  static async listen(): Promise<ControlServer> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: 0, host: '127.0.0.1' }, resolve);
    });
    return new ControlServer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    const bound = server.address();
    if (bound === null || typeof bound === 'string')
      throw new HarnessError('worker', 'no address for the control connections');
    this.address = `127.0.0.1:${bound.port}`;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** From now on, the worker that shows this token is known; once. */
  expect(token: string, worker: ExpectedWorker): void {
    this.#expected.set(token, worker);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    hearWorker(socket, (token) => {
      const worker = this.#expected.get(token);
      this.#expected.delete(token);
      return worker;
    });
  }
}

/** Hears who says hello with a token that is known; whoever does not is hung up on. */
export function hearWorker(
  socket: Socket,
  workerOf: (token: string) => ExpectedWorker | undefined,
): void {
  let worker: ExpectedWorker | undefined;
  const send = (message: ToWorker): void => void socket.write(`${JSON.stringify(message)}\n`);
  const pings = new ClockPings(send);
  const impatience = setTimeout(() => socket.destroy(), helloMsMax);
  socket.on('error', () => undefined);
  socket.once('close', () => {
    clearTimeout(impatience);
    pings.close();
    worker?.onClose();
  });
  createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => {
    const message = parse(line);
    if (!message) return socket.destroy();
    if (worker && message.type === 'clock') return pings.answered(message);
    if (worker && message.type !== 'hello') return worker.onMessage(message as Heard);
    if (worker || message.type !== 'hello') return socket.destroy();
    worker = workerOf(message.token);
    if (!worker) return socket.destroy();
    clearTimeout(impatience);
    worker.onHello({
      pid: message.pid,
      clockDomain: message.clockDomain,
      readClock: () => pings.read(),
      send,
      close: () => socket.destroy(),
    });
  });
}

function parse(line: string): FromWorker | undefined {
  try {
    const message: unknown = JSON.parse(line);
    return message !== null && typeof message === 'object' && 'type' in message
      ? (message as FromWorker)
      : undefined;
  } catch {
    return undefined;
  }
}
