import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { HarnessError } from '../../errors.ts';

const lowest = 10_000;

/**
 * Loopback ports that nobody listens on, all different, below the range from which the kernel
 * takes the local ports of outgoing connections: a client that reconnects to a dead node over and
 * over would otherwise end up connected to itself.
 */
export async function freePorts(count: number): Promise<number[]> {
  const highest = Math.max(ephemeralFrom() - 1, lowest + 1000);
  const found = new Set<number>();
  for (let tries = 0; tries < 1000 && found.size < count; tries++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) {
    throw new HarnessError(
      'environment',
      `no ${count} free ports on 127.0.0.1 between ${lowest} and ${highest}`,
    );
  }
  return [...found];
}

function ephemeralFrom(): number {
  try {
    return Number(
      readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0],
    );
  } catch {
    return 32_768;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
