import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProxiedNetwork } from '../../harness/cluster/network/proxied-network.ts';
import { proxyProcess } from '../../harness/cluster/network/proxy-process.ts';
import { Supervisor } from '../../harness/supervisor/supervisor.ts';
import type { BenchRow } from './row.ts';

const megabytesPerSecondMin = 200;
const addedMsMax = 0.2;

const chunk = Buffer.alloc(64 * 1024);
const warmUpBytes = 64 * 1024 * 1024;
const measuredBytes = 512 * 1024 * 1024;
const frame = Buffer.alloc(64);
const rounds = 5;
const roundTripsPerRound = 2000;

/**
 * What it costs that a link goes through the proxies: bytes per second one way, and the round trip
 * of a small frame. The probe is the same client and the same far end with nothing in between.
 */
export async function linksBench(): Promise<BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-bench-'));
  const supervisor = new Supervisor({
    run: 'bench',
    directory,
    onExit: () => undefined,
    onLost: () => undefined,
  });
  try {
    const direct = await startFarEnd(supervisor, directory);
    const sites = [
      { name: 'node-1', kind: 'node' },
      { name: 'client', kind: 'client' },
    ] as const;
    const network = await ProxiedNetwork.start(sites, proxyProcess({ supervisor, directory }));
    await network.setTargets(() => direct);
    const proxied = network.addressOf({ from: 'client', to: 'node-1' });
    const rows = [await throughput(direct, proxied), await roundTrip(direct, proxied)];
    network.close();
    return rows;
  } finally {
    await supervisor.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startFarEnd(supervisor: Supervisor, directory: string): Promise<string> {
  await supervisor.spawn({
    name: 'far-end',
    command: process.execPath,
    arguments: [fileURLToPath(new URL('./link-end.js', import.meta.url))],
    logFile: join(directory, 'far-end.log'),
  });
  return `127.0.0.1:${await supervisor.firstLine('far-end', 10_000)}`;
}

async function throughput(direct: string, proxied: string): Promise<BenchRow> {
  const through: number[] = [];
  for (const address of [direct, proxied]) {
    await sendBytes(address, warmUpBytes);
    through.push(await sendBytes(address, measuredBytes));
  }
  const [probe = 0, value = 0] = through;
  return {
    name: 'one link through the proxies',
    value,
    unit: 'MB/s',
    probe,
    ratio: value / probe,
    goal: `>= ${megabytesPerSecondMin} MB/s`,
    met: value >= megabytesPerSecondMin,
  };
}

async function roundTrip(direct: string, proxied: string): Promise<BenchRow> {
  const times: [direct: number[], proxied: number[]] = [[], []];
  const sockets = [await dial(direct), await dial(proxied)] as const;
  for (const socket of sockets) {
    socket.write('e');
    await pingPong(socket);
  }
  // In turns, so that whatever else the machine does befalls both.
  for (let round = 0; round < rounds; round++) {
    times[0].push(...(await pingPong(sockets[0])));
    times[1].push(...(await pingPong(sockets[1])));
  }
  for (const socket of sockets) socket.destroy();
  const [probe, value] = times.map(
    (all) => all.toSorted((a, b) => a - b)[all.length >> 1] ?? 0,
  ) as [number, number];
  const addedMs = value - probe;
  return {
    name: 'round trip through the proxies, p50',
    value,
    unit: 'ms',
    probe,
    ratio: value / probe,
    goal: `adds < ${addedMsMax} ms`,
    met: addedMs < addedMsMax,
  };
}

/** Megabytes per second until the far end has seen the last byte. */
async function sendBytes(address: string, bytes: number): Promise<number> {
  const socket = await dial(address);
  const opening = Buffer.alloc(7, 's');
  opening.writeUIntBE(bytes, 1, 6);
  const seen = once(socket, 'data');
  const startedAt = performance.now();
  socket.write(opening);
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  await seen;
  const seconds = (performance.now() - startedAt) / 1000;
  socket.destroy();
  return bytes / 1e6 / seconds;
}

/** Milliseconds of each round trip, one in flight. */
async function pingPong(socket: Socket): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const times: number[] = [];
    let sentAt = 0;
    let received = 0;
    const send = (): void => {
      received = 0;
      sentAt = performance.now();
      socket.write(frame);
    };
    const hear = (bytes: Buffer): void => {
      received += bytes.length;
      if (received < frame.length) return;
      times.push(performance.now() - sentAt);
      if (times.length < roundTripsPerRound) return send();
      socket.off('data', hear);
      resolve(times);
    };
    socket.on('data', hear);
    socket.once('error', reject);
    send();
  });
}

async function dial(address: string): Promise<Socket> {
  const [host = '', port] = address.split(':');
  const socket = connect({ host, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  return socket;
}
