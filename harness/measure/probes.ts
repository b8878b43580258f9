import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { HarnessError } from '../errors.ts';
import type { EnvironmentProbe } from '../record/record.ts';
import { monotonicNanos } from './clock.ts';
import { samplesNeeded } from './quantiles.ts';

const syncBytes = 4096;
/** Enough for a p99 where a sync takes about a millisecond. */
const syncsMax = 400;
const roundTrips = samplesNeeded(0.99);
const roundTripBytes = 64;
const budgetNanos = 500e6;

/**
 * What this machine can do at best, measured before and after a run: an ack cannot be quicker than
 * the disk and the loopback that it needs, and a slower second probe means that the run was
 * disturbed. Takes about a second; writes and removes one file in `directory`.
 */
export async function probeEnvironment(directory: string): Promise<EnvironmentProbe> {
  const syncs = probeSync(directory);
  const trips = await probeLoopback();
  return {
    fsyncP50Ms: rank(syncs, 0.5),
    fsyncP99Ms: p99Of(syncs),
    loopbackP50Ms: rank(trips, 0.5),
    loopbackP99Ms: rank(trips, 0.99),
    cpuMs: probeCpu(),
  };
}

/** Milliseconds of appending 4 KiB and waiting for `fdatasync`. */
function probeSync(directory: string): number[] {
  const file = join(directory, `.probe-${process.pid}`);
  try {
    const descriptor = openSync(file, 'w');
    try {
      const block = Buffer.alloc(syncBytes, 0xa5);
      const started = monotonicNanos();
      const samples: number[] = [];
      while (
        samples.length < syncsMax &&
        (samples.length < samplesNeeded(0.5) || monotonicNanos() - started < budgetNanos)
      ) {
        const before = monotonicNanos();
        writeSync(descriptor, block);
        fdatasyncSync(descriptor);
        samples.push((monotonicNanos() - before) / 1e6);
      }
      return samples;
    } finally {
      closeSync(descriptor);
      rmSync(file, { force: true });
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const sentence = `cannot write and sync a file in ${directory}: ${reason}`;
    throw new HarnessError('environment', sentence, { cause });
  }
}

/** Milliseconds of one small message to an echo and back, one at a time. */
function probeLoopback(): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    });
    const fail = (cause: unknown) => {
      server.close();
      reject(new HarnessError('environment', 'cannot measure the loopback interface', { cause }));
    };
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const client = connect({ port, host: '127.0.0.1', noDelay: true });
      const samples: number[] = [];
      const message = Buffer.alloc(roundTripBytes, 0x5a);
      let before = 0;
      let pending = 0;
      const send = () => {
        pending = roundTripBytes;
        before = monotonicNanos();
        client.write(message);
      };
      client.on('error', fail);
      client.on('connect', send);
      client.on('data', (bytes) => {
        pending -= bytes.length;
        if (pending > 0) return;
        samples.push((monotonicNanos() - before) / 1e6);
        if (samples.length < roundTrips) return send();
        client.destroy();
        server.close(() => resolve(samples));
      });
    });
  });
}

/** Milliseconds of a fixed piece of integer work, the best of three: the others were disturbed. */
function probeCpu(): number {
  let best = Infinity;
  for (let run = 0; run < 3; run++) {
    const before = monotonicNanos();
    let state = 0x9e37_79b9;
    for (let step = 0; step < 10_000_000; step++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    const took = (monotonicNanos() - before) / 1e6;
    // Reading the result keeps the loop from being optimised away; it is never 0.
    if (state !== 0) best = Math.min(best, took);
  }
  return best;
}

/** Null without enough samples to support it. */
export function p99Of(samples: readonly number[]): number | null {
  return samples.length < samplesNeeded(0.99) ? null : rank(samples, 0.99);
}

function rank(samples: readonly number[], quantile: number): number {
  return samples.toSorted((a, b) => a - b)[Math.ceil(quantile * samples.length) - 1]!;
}
