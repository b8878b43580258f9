import { closeSync, fdatasync, openSync, writev } from 'node:fs';
import { createServer } from 'node:net';

/**
 * The physical probe: the least that any broker with synced acks must do on this machine. It takes
 * length-prefixed frames, writes them to one file, syncs, and answers each with a frame as long as
 * the broker's answer; one `writev` and one `fdatasync` serve everything that waits (group commit).
 * It checks nothing, keeps nothing, indexes nothing.
 *
 * `node probe-server.js FILE` prints `{"port":N}` and ends when its standard input closes.
 */
const answerBytes = 4 + 4 + 2 + 16;
const iovecsMax = 1024;
const file = openSync(process.argv[2]!, 'w');
let waiting: { frame: Buffer; answer: (correlationId: number) => void }[] = [];
let committing = false;

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0);
  let answers: number[] = [];
  const answer = (correlationId: number): void => {
    if (answers.length === 0) queueMicrotask(sendAnswers);
    answers.push(correlationId);
  };
  const sendAnswers = (): void => {
    const bytes = Buffer.alloc(answers.length * answerBytes);
    let at = 0;
    for (const correlationId of answers) {
      bytes.writeUInt32LE(answerBytes - 4, at);
      bytes.writeUInt32LE(correlationId, at + 4);
      at += answerBytes;
    }
    answers = [];
    socket.write(bytes);
  };
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = 4 + bytes.readUInt32LE(at);
      if (bytes.length - at < length) break;
      waiting.push({ frame: bytes.subarray(at, at + length), answer });
      at += length;
    }
    rest = bytes.subarray(at);
    if (!committing) commit();
  });
  socket.on('error', () => socket.destroy());
});

function commit(): void {
  committing = waiting.length > 0;
  if (!committing) return;
  const batch = waiting;
  waiting = [];
  writeFrom(batch, 0);
}

function writeFrom(batch: typeof waiting, from: number): void {
  const chunks = batch.slice(from, from + iovecsMax).map(({ frame }) => frame);
  writev(file, chunks, (error) => {
    if (error) throw error;
    if (from + iovecsMax < batch.length) return writeFrom(batch, from + iovecsMax);
    fdatasync(file, (failure) => {
      if (failure) throw failure;
      for (const { frame, answer } of batch) answer(frame.readUInt32LE(6));
      commit();
    });
  });
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => {
  closeSync(file);
  process.exit(0);
});
