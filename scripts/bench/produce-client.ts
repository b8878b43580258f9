import { connect } from 'node:net';

/**
 * The client of the broker's bench and of its probe: the same frames, byte for byte, with the same
 * number in flight, from a process of its own. It sends one encoded frame again and again, with
 * only the correlation id changed, so that nearly all of the cost measured is the server's.
 *
 * Reads one JSON `ProduceJob` on standard input, prints one JSON `ProduceResult`.
 */
export interface ProduceJob {
  readonly port: number;
  /** Frames to send and have answered before anything counts, base64. */
  readonly opening: readonly string[];
  /** The produce request, base64; its correlation id is at byte 6. */
  readonly frame: string;
  readonly inFlight: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface ProduceResult {
  readonly answersPerSecond: number;
  /** Over the first 200,000 answers. */
  readonly roundTripMicrosP50: number;
  readonly errors: number;
}

const job = JSON.parse(await text(process.stdin)) as ProduceJob;
const frame = Buffer.from(job.frame, 'base64');
// One slot per message in flight; a slot is written again only after its answer came.
const slots = Buffer.concat(Array.from({ length: job.inFlight }, () => frame));
const sentAt = new Float64Array(job.inFlight);
const roundTripsMax = 200_000;
const roundTrips: number[] = [];
const socket = connect({ port: job.port, host: '127.0.0.1', noDelay: true });
let openingsLeft = job.opening.length;
let next = 0;
let rest: Buffer = Buffer.alloc(0);
let answered = 0;
let errors = 0;
let measuring = false;
let measured = 0;
let measureFrom = 0;

socket.on('connect', () => {
  for (const opening of job.opening) socket.write(Buffer.from(opening, 'base64'));
  if (openingsLeft === 0) begin();
});
socket.on('error', (error) => fail(error.message));
socket.on('close', () => fail('the server closed the connection'));
socket.on('data', (chunk: Buffer) => {
  const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  const now = performance.now();
  let at = 0;
  let room = 0;
  while (bytes.length - at >= 4) {
    const length = 4 + bytes.readUInt32LE(at);
    if (bytes.length - at < length) break;
    if (bytes.readUInt16LE(at + 8) !== 0) errors += 1;
    if (openingsLeft > 0) {
      openingsLeft -= 1;
      if (openingsLeft === 0) begin();
    } else {
      if (measuring && roundTrips.length < roundTripsMax) {
        roundTrips.push((now - sentAt[answered % job.inFlight]!) * 1000);
      }
      answered += 1;
      room += 1;
    }
    at += length;
  }
  rest = bytes.subarray(at);
  if (room > 0) send(room, now);
});

function begin(): void {
  send(job.inFlight, performance.now());
  setTimeout(() => {
    measuring = true;
    measured = answered;
    measureFrom = performance.now();
    setTimeout(finish, job.measureMs);
  }, job.warmUpMs);
}

function send(count: number, now: number): void {
  const first = next % job.inFlight;
  const run = Math.min(count, job.inFlight - first);
  for (let slot = first; slot < first + run; slot++) {
    slots.writeUInt32LE(next >>> 0, slot * frame.length + 6);
    sentAt[slot] = now;
    next += 1;
  }
  socket.write(slots.subarray(first * frame.length, (first + run) * frame.length));
  if (run < count) send(count - run, now);
}

function finish(): void {
  const seconds = (performance.now() - measureFrom) / 1000;
  roundTrips.sort((a, b) => a - b);
  const result: ProduceResult = {
    answersPerSecond: (answered - measured) / seconds,
    roundTripMicrosP50: roundTrips[Math.floor(roundTrips.length / 2)] ?? Number.NaN,
    errors,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

function fail(message: string): never {
  process.stderr.write(`produce client: ${message}\n`);
  process.exit(1);
}

async function text(stream: NodeJS.ReadStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}
