import { timingSafeEqual } from 'node:crypto';
import { createServer, connect, type Socket } from 'node:net';
import { HarnessError } from '../errors.ts';
import type { ExpectedWorker } from './control-server.ts';
import { hearWorker } from './control-server.ts';

/** Where a worker that is dialled finds its token: not among its arguments, which all can see. */
export const workerTokenVariable = 'ACKWORTH_WORKER_TOKEN';

const claimMsMax = 10_000;

/**
 * The worker's end where it is dialled: listens until somebody sends a line with the token, and
 * gives that connection on; whoever sends anything else is hung up on. Resolves once it listens.
 */
export function answerOne(options: {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly onClaim: (socket: Socket) => void;
}): Promise<void> {
  const { host, port, onClaim } = options;
  const wanted = Buffer.from(`${options.token}\n`);
  const server = createServer({ noDelay: true }, (socket) => {
    const impatience = setTimeout(() => socket.destroy(), claimMsMax);
    let seen = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.once('close', () => clearTimeout(impatience));
    const take = (bytes: Buffer): void => {
      seen = Buffer.concat([seen, bytes]);
      if (seen.length < wanted.length) return;
      // The harness says nothing more before it is greeted.
      if (!server.listening || seen.length > wanted.length || !timingSafeEqual(seen, wanted)) {
        socket.destroy();
        return;
      }
      server.close();
      clearTimeout(impatience);
      socket.off('data', take);
      onClaim(socket);
    };
    socket.on('data', take);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
}

/** The harness's end: dials a worker that listens, shows it the token, and hears it from then on. */
export async function claimWorker(options: {
  readonly port: number;
  readonly token: string;
  readonly heard: ExpectedWorker;
}): Promise<Socket> {
  const { port, token, heard } = options;
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) =>
      reject(
        new HarnessError(
          'worker',
          `the worker at port ${port} cannot be reached: ${cause.message}`,
          { cause },
        ),
      ),
    );
  });
  hearWorker(socket, (shown) => (shown === token ? heard : undefined));
  socket.write(`${token}\n`);
  return socket;
}
