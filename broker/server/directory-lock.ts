import { mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { BrokerError } from '../errors.ts';

/**
 * Makes this process the only one that uses a data directory, until it ends, however it ends; the
 * directory is created when missing. Rejects with `unavailable` when another process holds it.
 *
 * The hold is a socket in Linux's abstract namespace, named for the directory's device and inode:
 * the kernel gives it to one process at a time and takes it back with the process, so that a
 * `kill -9` leaves nothing to clean up and no pid to guess about. It does not reach into other
 * network namespaces; elsewhere than on Linux there is none.
 */
export async function holdDirectory(directory: string): Promise<void> {
  if (process.platform !== 'linux') return;
  let name: string;
  try {
    mkdirSync(directory, { recursive: true });
    const { dev, ino } = statSync(directory, { bigint: true });
    name = `\0ackworth-data-${dev}-${ino}`;
  } catch {
    // Whoever opens it says better what is wrong with it.
    return;
  }
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE'
          ? 'is in use by another process: stop that one or choose another data directory'
          : `cannot be claimed: ${cause.message}`;
      const sentence = `the data directory ${directory} ${why}`;
      reject(new BrokerError('unavailable', sentence, { cause }));
    });
    server.listen({ path: name }, resolve);
  });
  server.unref();
}
