import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Done, Producer } from '../driver/driver.ts';
import { HistoryWriter } from '../history/writer.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { measure } from '../measure/measurements.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';
import { Generator } from './generator.ts';
import { realLoadClock } from './load-clock.ts';
import { startMeter } from './meter.ts';

const phases: PlannedPhase[] = [
  {
    name: 'steady',
    startMs: 0,
    endMs: 30_000,
    rate: 1000,
    arrival: { kind: 'constant' },
    measured: true,
  },
];

const messages = 30_000;
/** That many lie beyond the p99. */
const slowest = messages / 100;
const stallMs = 1400;

let directory: string;
let stub: ChildProcess;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-omission-'));
  const file = fileURLToPath(new URL('./testdata/stub-broker.mjs', import.meta.url));
  const options = ['10000', `${stallMs}`, join(directory, 'witness')];
  stub = spawn(process.execPath, [file, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
});
afterEach(async () => {
  await endStub();
  rmSync(directory, { recursive: true, force: true });
});

async function endStub(): Promise<void> {
  if (stub.exitCode !== null) return;
  const gone = once(stub, 'exit');
  stub.stdin!.end();
  await gone;
}

/** One message in flight over one connection. */
async function stubProducer(port: number): Promise<Producer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let waiting: Done | undefined;
  socket.on('data', () => {
    const done = waiting!;
    waiting = undefined;
    done('ok', -1, -1, 1, undefined);
  });
  const length = Buffer.alloc(4);
  return {
    send: ({ payload }, done) => {
      if (waiting !== undefined) return false;
      waiting = done;
      length.writeUInt32LE(payload.length);
      socket.cork();
      socket.write(length);
      socket.write(payload);
      socket.uncork();
      return true;
    },
    close: async () => void socket.destroy(),
  };
}

test('over real sockets a stall of 1.4 s with one message in flight is in the response times, not in the service times', async () => {
  const [port] = (await once(stub.stdout!, 'data')) as [Buffer];
  const header = { version: 1, run: 'r', clockDomain: 'here', numbers: [1] } as const;
  const harness = new HistoryWriter(join(directory, 'harness.ackh'), {
    ...header,
    worker: 'harness',
    role: 'harness',
  });
  const history = new HistoryWriter(join(directory, 'producer-1.ackh'), {
    ...header,
    worker: 'producer-1',
    role: 'producer',
  });
  const meter = startMeter();
  let origin = 0;
  await new Promise<void>((resolve, reject) => {
    const generator = new Generator({
      run: 'r',
      worker: 'producer-1',
      assignment: {
        kind: 'producer',
        producer: 1,
        seed: 5,
        share: 1,
        phases,
        sizeBytes: 100,
        keys: 10,
        options: {
          inFlightMax: 1,
          lingerMs: 0,
          batchBytesMax: 65_536,
          deliveryTimeoutMs: 30_000,
          idempotent: false,
        },
      },
      history,
      clock: realLoadClock(),
      meter,
      createProducer: () => stubProducer(Number(port)),
      onNote: () => undefined,
      onProgress: () => undefined,
      onDone: resolve,
      onFailed: reject,
    });
    generator.prepare().then(() => {
      origin = monotonicNanos() + 100e6;
      harness.event({ type: 'phase', name: 'steady', time: origin });
      generator.start(origin);
    }, reject);
  });
  meter.close();
  history.close();
  harness.close();
  const { latency, throughput } = measure({ directory, phases, consumers: [] });
  expect(latency.response.count).toBe(messages);
  // What a busy machine sends late may go out after the end of the phase, and is counted there.
  expect(throughput.offered).toBeGreaterThan(990);
  expect(latency.service.p99).toBeLessThan(10_000);
  await endStub();
  const seen = whatTheStubSaw(origin);
  expect(seen.holdMs, 'the stub itself takes no time to speak of').toBeLessThan(0.1);
  const p99Seconds = latency.response.p99! / 1e6;
  expect(offBy(p99Seconds, seen.p99Seconds)).toBeLessThan(0.05);
  // After the stall what had waited is served one by one, and the slowest are those due in its first
  // 0.3 s: each waited less by its place in that line. Without the line, that is with round trips
  // that take no time at all, 1.101 s is left: the figure of the simulation.
  const lineSeconds = slowest * seen.secondsPerMessage;
  expect(offBy(p99Seconds - lineSeconds, 1.101)).toBeLessThan(0.05);
}, 60_000);

function offBy(value: number, expected: number): number {
  return Math.abs(value / expected - 1);
}

/**
 * What the broker itself can tell, from nothing that the generator wrote down: message n was due n
 * milliseconds after the load began, whenever it came, and was answered when it was.
 */
function whatTheStubSaw(origin: number) {
  const times = new Float64Array(new Uint8Array(readFileSync(join(directory, 'witness'))).buffer);
  const taken = times.filter((_, index) => index % 2 === 0);
  const answered = times.filter((_, index) => index % 2 === 1);
  expect(answered).toHaveLength(messages);
  const held = answered.map((time, index) => time - taken[index]!);
  const responses = answered.map((time, index) => time - (origin + index * 1e6)).toSorted();
  const stalled = held.indexOf(Math.max(...held));
  expect(held[stalled]! / 1e6).toBeGreaterThan(stallMs - 10);
  return {
    holdMs: held.toSorted()[messages / 2]! / 1e6,
    p99Seconds: responses[messages - slowest - 1]! / 1e9,
    /** From one answer to the next while the line was served. */
    secondsPerMessage: (answered[stalled + slowest]! - answered[stalled]!) / slowest / 1e9,
  };
}
