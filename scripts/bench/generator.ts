import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryPoint } from '../../harness/entry-point.ts';
import { readHistory } from '../../harness/history/reader.ts';
import { Channel } from '../../harness/load/channel.ts';
import type { FromWorker, ToWorker } from '../../harness/load/control.ts';
import { monotonicNanos } from '../../harness/measure/clock.ts';
import type { BenchRow } from './row.ts';

const messageBytes = 100;
/** The first seconds, in which the code is still being compiled, do not count. */
const warmUpSeconds = 2;

/**
 * The load worker as it runs, a process of its own with its history on, against the null driver: the
 * rate at which it can send at all, and how close it keeps to a plan that it can follow.
 */
export async function generatorBench(): Promise<BenchRow[]> {
  const fastest = await sendTimes({ rate: 5_000_000, seconds: 6 });
  const messagesPerSecond = fastest.length / (fastest.at(-1)! - fastest[0]!);
  const target = 1000;
  const paced = await sendTimes({ rate: target, seconds: 22 });
  const perSecond = countedBySecond(paced);
  const near =
    perSecond.filter((count) => Math.abs(count / target - 1) <= 0.005).length / perSecond.length;
  const gaps = paced.slice(1).map((time, index) => (time - paced[index]!) * 1000);
  const gapP99 = gaps.toSorted((a, b) => a - b)[Math.ceil(0.99 * gaps.length) - 1]!;
  const row = (
    name: string,
    value: number,
    unit: string,
    goal: string,
    met: boolean,
  ): BenchRow => ({ name: `generator: ${name}`, value, unit, probe: null, ratio: null, goal, met });
  return [
    row(
      'null driver, history on, 100 bytes',
      messagesPerSecond,
      'messages/s',
      '>= 400000',
      messagesPerSecond >= 400_000,
    ),
    row('seconds within 0.5 % of 1,000/s', near * 100, '%', '>= 99', near >= 0.99),
    row('gap between sends at 1,000/s, p99', gapP99, 'ms', '<= 2', gapP99 <= 2),
  ];
}

/** When each message was sent after the warm-up, in seconds since the load began; then it is stopped. */
async function sendTimes(options: {
  readonly rate: number;
  readonly seconds: number;
}): Promise<number[]> {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-generator-'));
  try {
    const origin = await runWorker({ ...options, directory });
    const times: number[] = [];
    readHistory(join(directory, 'producer-1.ackh'), {
      invoke: ({ time }) => {
        const at = (time - origin) / 1e9;
        if (at >= warmUpSeconds && at < options.seconds) times.push(at);
      },
    });
    return times;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runWorker(options: {
  readonly rate: number;
  readonly seconds: number;
  readonly directory: string;
}): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const worker = spawn(
    process.execPath,
    [
      entryPoint('harness/load/worker.js'),
      '--connect',
      `127.0.0.1:${port}`,
      '--token',
      'bench',
      '--name',
      'producer-1',
    ],
    { stdio: 'inherit' },
  );
  const exited = once(worker, 'exit');
  try {
    return await new Promise<number>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`the load worker ended with ${code}`)));
      server.on('connection', (socket) => {
        let origin = 0;
        const channel = new Channel<FromWorker, ToWorker>(socket, {
          onMessage: (message) => {
            if (message.type === 'hello') channel.send(assignment(options));
            else if (message.type === 'failed') reject(new Error(message.message));
            else if (message.type === 'done') resolve(origin);
            else if (message.type === 'ready') {
              origin = monotonicNanos() + 100e6;
              channel.send({ type: 'start', originNanos: origin });
              setTimeout(() => channel.send({ type: 'stop' }), options.seconds * 1000 + 100);
            }
          },
          onClose: () => undefined,
        });
      });
    });
  } finally {
    worker.kill('SIGKILL');
    await exited;
    server.close();
  }
}

function assignment({
  rate,
  seconds,
  directory,
}: {
  rate: number;
  seconds: number;
  directory: string;
}): ToWorker {
  return {
    type: 'assign',
    run: 'bench',
    worker: 'producer-1',
    historyDirectory: directory,
    driver: 'null',
    target: { addresses: [], token: '', topic: 'bench' },
    role: {
      kind: 'producer',
      producer: 1,
      seed: 1,
      share: 1,
      phases: [
        {
          name: 'load',
          startMs: 0,
          endMs: seconds * 1000,
          rate,
          arrival: { kind: 'constant' },
          measured: true,
        },
      ],
      sizeBytes: messageBytes,
      keys: 1000,
      options: {
        inFlightMax: 10_000,
        lingerMs: 0,
        batchBytesMax: 65_536,
        deliveryTimeoutMs: 10_000,
        idempotent: false,
      },
    },
  };
}

/** Whole seconds after the warm-up. */
function countedBySecond(times: readonly number[]): number[] {
  const last = Math.floor(times.at(-1)! + 0.01);
  const counts = Array.from({ length: last - warmUpSeconds }, () => 0);
  for (const time of times) {
    const second = Math.floor(time) - warmUpSeconds;
    if (second < counts.length) counts[second]!++;
  }
  return counts;
}
