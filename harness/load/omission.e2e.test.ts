import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Done, Producer } from '../driver/driver.ts';
import { readHistory } from '../history/reader.ts';
import { HistoryWriter } from '../history/writer.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { measure } from '../measure/measurements.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';
import { Generator } from './generator.ts';
import { realLoadClock } from './load-clock.ts';
import { startMeter } from './meter.ts';

const phases: PlannedPhase[] = [
  { name: 'steady', startMs: 0, endMs: 30_000, rate: 1000, arrival: { kind: 'constant' }, measured: true },
];

let directory: string;
let stub: ChildProcess;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-omission-'));
  const file = fileURLToPath(new URL('./testdata/stub-broker.mjs', import.meta.url));
  stub = spawn(process.execPath, [file, '10000', '1400'], { stdio: ['pipe', 'pipe', 'inherit'] });
});
afterEach(async () => {
  const gone = once(stub, 'exit');
  stub.stdin!.end();
  await gone;
  rmSync(directory, { recursive: true, force: true });
});

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
  const harness = new HistoryWriter(join(directory, 'harness.ackh'), { ...header, worker: 'harness', role: 'harness' });
  const file = join(directory, 'producer-1.ackh');
  const history = new HistoryWriter(file, { ...header, worker: 'producer-1', role: 'producer' });
  const meter = startMeter();
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
        options: { inFlightMax: 1, lingerMs: 0, batchBytesMax: 65_536, deliveryTimeoutMs: 30_000, idempotent: false },
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
      const origin = monotonicNanos() + 100e6;
      harness.event({ type: 'phase', name: 'steady', time: origin });
      generator.start(origin);
    }, reject);
  });
  meter.close();
  history.close();
  harness.close();
  const { latency, throughput } = measure({ directory, phases, consumers: [] });
  expect(latency.response.count).toBe(30_000);
  // What a busy machine sends late may go out after the end of the phase, and is counted there.
  expect(throughput.offered).toBeGreaterThan(990);
  expect(latency.service.p99).toBeLessThan(10_000);
  // After the stall what had waited is served one by one, and the 300 slowest of 30,000 are those
  // due in its first 0.3 s: each of those waited less by its place in that line.
  const perMessageMs = drainPace(file);
  const expected = 1.401 - 0.3 * (1 - perMessageMs);
  expect(Math.abs(latency.response.p99! / 1e6 / expected - 1)).toBeLessThan(0.05);
  // A machine that is not busy answers within 0.1 ms, and then it is the figure of the simulation.
  if (perMessageMs <= 0.1) {
    expect(Math.abs(latency.response.p99! / 1e6 / 1.101 - 1)).toBeLessThan(0.05);
  }
}, 60_000);

/** Milliseconds from one send to the next among the first 300 messages after the stall. */
function drainPace(file: string): number {
  const sent: number[] = [];
  let stalled = -1;
  readHistory(file, {
    invoke: ({ sequence, time }) => {
      sent[sequence] = time;
    },
    complete: ({ sequence, time }) => {
      if (time - sent[sequence]! > 1e9) stalled = sequence;
    },
  });
  return (sent[stalled + 300]! - sent[stalled + 1]!) / 299 / 1e6;
}
