import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Target } from '../../harness/driver/driver.ts';
import { loadUser } from '../../harness/driver/nats/config.ts';
import { natsDriver } from '../../harness/driver/nats/driver.ts';
import { subjectOf } from '../../harness/driver/nats/streams.ts';

/**
 * The publisher of the NATS bench, a process of its own: first at a steady rate, then with as much
 * in flight as it may have. It publishes through our driver, or in a bare loop with the official
 * client: named messages, each acked by its stream, in both.
 *
 * Reads one JSON `PublishJob` on standard input, prints one JSON `PublishResult`.
 */
export interface PublishJob {
  readonly by: 'driver' | 'client';
  /** Its topic is there, with one partition. */
  readonly target: Target;
  readonly payloadBytes: number;
  /** Messages per second of the steady part. */
  readonly rate: number;
  readonly inFlight: number;
  /** Before each of the two parts. */
  readonly warmUpMs: number;
  /** Of each of the two parts. */
  readonly measureMs: number;
}

export interface PublishResult {
  /** Send to ack, at the steady rate. */
  readonly serviceMicrosP50: number;
  /** With all in flight. */
  readonly acksPerSecond: number;
  /** Messages that were not acked. */
  readonly errors: number;
}

interface Publisher {
  /** False when the window is full, and nothing was sent. */
  publish(done: (acked: boolean) => void): boolean;
  close(): Promise<void>;
}

const deliveryTimeoutMs = 30_000;
const job = JSON.parse(await text(process.stdin)) as PublishJob;
const payload = Buffer.alloc(job.payloadBytes, 'x');
const publisher = job.by === 'driver' ? await throughDriver() : await bareLoop();
let errors = 0;
const serviceMicrosP50 = await steadily();
const acksPerSecond = await pipelined();
await publisher.close();
const result: PublishResult = { serviceMicrosP50, acksPerSecond, errors };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

async function throughDriver(): Promise<Publisher> {
  const session = await natsDriver().connect(job.target);
  const producer = await session.createProducer({
    inFlightMax: job.inFlight,
    lingerMs: 0,
    batchBytesMax: 0,
    deliveryTimeoutMs,
    idempotent: true,
    onDrain: () => undefined,
    onNote: () => undefined,
    onFailed: (error) => {
      throw error;
    },
  });
  return {
    publish: (done) => producer.send({ key: 0, payload }, (outcome) => done(outcome === 'ok')),
    async close() {
      await producer.close();
      await session.close();
    },
  };
}

async function bareLoop(): Promise<Publisher> {
  const { addresses, token, topic } = job.target;
  const nc = await connect({ servers: [...addresses], user: loadUser, pass: token });
  const js = jetstream(nc, { timeout: deliveryTimeoutMs });
  const subject = subjectOf(topic, 0);
  let sent = 0;
  let inFlight = 0;
  return {
    publish(done) {
      if (inFlight >= job.inFlight) return false;
      inFlight++;
      const settled = (acked: boolean): void => {
        inFlight--;
        done(acked);
      };
      js.publish(subject, payload, { msgID: `${process.pid}.${sent++}` }).then(
        () => settled(true),
        () => settled(false),
      );
      return true;
    },
    close: () => nc.close(),
  };
}

/** Median time from send to ack, in microseconds. */
async function steadily(): Promise<number> {
  const begin = performance.now();
  const measureFrom = begin + job.warmUpMs;
  const end = measureFrom + job.measureMs;
  const times: number[] = [];
  let sent = 0;
  let waiting = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      if (now >= end) {
        clearInterval(timer);
        if (waiting === 0) resolve();
        return;
      }
      for (const due = ((now - begin) * job.rate) / 1000; sent < due; sent++) {
        const sentAt = performance.now();
        waiting++;
        publisher.publish((acked) => {
          const answeredAt = performance.now();
          waiting--;
          if (!acked) errors++;
          else if (sentAt >= measureFrom) times.push((answeredAt - sentAt) * 1000);
          if (waiting === 0 && answeredAt >= end) resolve();
        });
      }
    }, 1);
  });
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? Number.NaN;
}

/** Acks per second while as much is in flight as may be. */
async function pipelined(): Promise<number> {
  const measureFrom = performance.now() + job.warmUpMs;
  const end = measureFrom + job.measureMs;
  let counted = 0;
  let waiting = 0;
  await new Promise<void>((resolve) => {
    const answered = (acked: boolean): void => {
      const now = performance.now();
      waiting--;
      if (!acked) errors++;
      else if (now >= measureFrom && now < end) counted++;
      if (now < end) fill();
      else if (waiting === 0) resolve();
    };
    // Filled up once for all acks that came together, which both can then write together.
    let isFilling = false;
    const fill = (): void => {
      if (isFilling) return;
      isFilling = true;
      setImmediate(() => {
        isFilling = false;
        while (publisher.publish(answered)) waiting++;
      });
    };
    fill();
  });
  return counted / (job.measureMs / 1000);
}

async function text(stream: NodeJS.ReadStream): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
}
