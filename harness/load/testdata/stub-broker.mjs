// A broker of one idea: it answers each framed message (u32 length, payload) with one byte, at once,
// except during one stall, whose start and length in milliseconds are its arguments, counted from
// the first message. Prints its port. Ends with its parent, and then writes down, in the file that
// is its last argument, when it took and when it answered each message: pairs of doubles, monotonic
// nanoseconds.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [stallAtMs, stallForMs] = process.argv.slice(2, 4).map(Number);
const witnessFile = process.argv[4];
const taken = [];
const answered = [];
const nanos = () => Number(process.hrtime.bigint());
const answer = (socket, messages) => {
  socket.write(Buffer.alloc(messages));
  for (let count = 0; count < messages; count++) answered.push(nanos());
};
let first;
const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  let held = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let messages = 0;
    let at = 0;
    while (rest.length - at >= 4 && rest.length - at >= 4 + rest.readUInt32LE(at)) {
      at += 4 + rest.readUInt32LE(at);
      messages++;
    }
    rest = rest.subarray(at);
    if (messages === 0) return;
    for (let count = 0; count < messages; count++) taken.push(nanos());
    const now = performance.now();
    first ??= now;
    const left = first + stallAtMs + stallForMs - now;
    if (now >= first + stallAtMs && left > 0) {
      if (held === 0) {
        setTimeout(() => {
          answer(socket, held);
          held = 0;
        }, left);
      }
      held += messages;
    } else answer(socket, messages);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.resume();
process.stdin.on('end', () => {
  const pairs = taken.flatMap((time, index) => [time, answered[index] ?? Number.NaN]);
  writeFileSync(witnessFile, Float64Array.from(pairs));
  process.exit(0);
});
