import net from 'node:net';
import { NetworkError } from '../network.ts';
import type { Connection, Listener, Network } from '../network.ts';
import { RealConnection } from './connection.ts';

const connectTimeoutMs = 5000;

/** TCP over node:net, without Nagle's delay. */
export class RealNetwork implements Network {
  listen(address: string, onConnection: (connection: Connection) => void): Promise<Listener> {
    const server = net.createServer({ noDelay: true, pauseOnConnect: false }, (socket) => {
      onConnection(new RealConnection(socket));
    });
    return new Promise((resolve, reject) => {
      const { host, port } = parseAddress(address);
      server.once('error', (error) => reject(wrap(`Could not listen on ${address}`, error)));
      server.listen({ host, port, backlog: 1024 }, () => {
        server.removeAllListeners('error');
        // A later failure to accept (out of descriptors) concerns the one connection only.
        server.on('error', () => {});
        resolve({ address: formatAddress(server.address()), close: () => stop(server) });
      });
    });
  }

  connect(address: string, options?: { readonly timeoutMs?: number }): Promise<Connection> {
    const timeoutMs = options?.timeoutMs ?? connectTimeoutMs;
    return new Promise((resolve, reject) => {
      const { host, port } = parseAddress(address);
      const socket = net.connect({ host, port, noDelay: true });
      const timeout = setTimeout(() => {
        socket.destroy();
        const message = `Could not connect to ${address} within ${timeoutMs} ms`;
        reject(new NetworkError('ETIMEDOUT', message));
      }, timeoutMs);
      const refused = (error: Error): void => {
        clearTimeout(timeout);
        reject(wrap(`Could not connect to ${address}`, error));
      };
      socket.once('error', refused);
      socket.once('connect', () => {
        clearTimeout(timeout);
        socket.off('error', refused);
        resolve(new RealConnection(socket));
      });
    });
  }
}

/** Stops accepting at once; connections that are open stay the business of their owner. */
function stop(server: net.Server): Promise<void> {
  server.close();
  return Promise.resolve();
}

function parseAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  if (colon <= 0 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new NetworkError('EINVAL', `${address} is not an address; write host:port`);
  }
  return { host, port };
}

function formatAddress(address: string | net.AddressInfo | null): string {
  if (address === null || typeof address === 'string') return String(address);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}

function wrap(what: string, error: NodeJS.ErrnoException): NetworkError {
  return new NetworkError(error.code ?? 'EIO', `${what}: ${error.message}`, { cause: error });
}
