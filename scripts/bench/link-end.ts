import { createServer, type Socket } from 'node:net';

/**
 * The far end of the links' bench. What a connection is for, its first byte says: "e" has every
 * byte after it come back, "s" has them counted, and one byte comes back when there were as many as
 * the next six bytes say.
 *
 * `node link-end.js` prints its port and ends when its standard input closes.
 */
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (first) => {
    if (first[0] === 'e'.charCodeAt(0)) {
      if (first.length > 1) socket.write(first.subarray(1));
      socket.pipe(socket);
    } else count(socket, first.readUIntBE(1, 6), first.length - 7);
  });
});

function count(socket: Socket, bytesExpected: number, already: number): void {
  let received = already;
  socket.on('data', (bytes) => {
    received += bytes.length;
    if (received >= bytesExpected) socket.write('.');
  });
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.stdout.write(`${address.port}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
