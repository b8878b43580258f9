import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BatchBuilder, identifyBatch } from '../../broker/client/batch-builder.ts';
import { encodeProduce } from '../../broker/protocol/produce.ts';
import { encodeRequest } from '../../broker/protocol/messages.ts';
import { ended, startBenchCluster, startChild } from './broker-nodes.ts';
import type { ProduceJob, ProduceResult } from './produce-client.ts';
import type { BenchRow } from './row.ts';

const recordBytes = 100;
const rounds = 3;
const warmUpMs = 3000;
const measureMs = 3000;

/** Batches and how many of them are in flight; the same for broker and probe. */
const shapes = [
  { records: 1, inFlight: 1024 },
  { records: 100, inFlight: 128 },
  { records: 1000, inFlight: 32 },
] as const;

/**
 * The broker's produce path against the probe: the same frames, the same number in flight, the
 * client in a process of its own, probe and broker in turn so that a drift of the machine hits
 * both. The ratio is the median of the rounds' own ratios.
 */
export async function brokerBench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const { records, inFlight } of shapes) {
    for (const { nodes, replication, goal } of [
      { nodes: 1, replication: 'none', goal: 0.5 },
      { nodes: 3, replication: 'quorum', goal: 0.15 },
    ] as const) {
      const pairs = await pairsOf({ nodes, replication, records, inFlight });
      const middle = median(
        pairs,
        ({ broker, probe }) => broker.answersPerSecond / probe.answersPerSecond,
      );
      rows.push({
        name: `${nodes} node${nodes > 1 ? 's' : ''}, sync x ${replication}, batches of ${records}`,
        value: middle.broker.answersPerSecond * records,
        unit: 'records/s',
        probe: middle.probe.answersPerSecond * records,
        ratio: middle.ratio,
        goal: `ratio >= ${goal}`,
        met: middle.ratio >= goal && pairs.every(({ broker }) => broker.errors === 0),
      });
    }
  }
  for (const { records } of shapes) {
    const pairs = await pairsOf({ nodes: 1, replication: 'none', records, inFlight: 1 });
    const middle = median(
      pairs,
      ({ broker, probe }) => broker.roundTripMicrosP50 / probe.roundTripMicrosP50,
    );
    rows.push({
      name: `1 node, sync, one in flight, batches of ${records}: round trip p50`,
      value: middle.broker.roundTripMicrosP50,
      unit: 'us',
      probe: middle.probe.roundTripMicrosP50,
      ratio: middle.ratio,
      goal: 'ratio <= 2',
      met: middle.ratio <= 2 && pairs.every(({ broker }) => broker.errors === 0),
    });
  }
  return rows;
}

interface Pair {
  readonly broker: ProduceResult;
  readonly probe: ProduceResult;
}

async function pairsOf(options: {
  readonly nodes: number;
  readonly replication: 'none' | 'quorum';
  readonly records: number;
  readonly inFlight: number;
}): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round++) {
    const probe = await measureProbe(options);
    const broker = await measureBroker(options);
    pairs.push({ probe, broker });
  }
  return pairs;
}

async function measureProbe(options: {
  records: number;
  inFlight: number;
}): Promise<ProduceResult> {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-probe-'));
  const child = await startChild('./probe-server.js', [join(directory, 'log')]);
  try {
    const { port } = JSON.parse(child.firstLine) as { port: number };
    return await runClient({ port, topicId: 1, opening: [], ...options });
  } finally {
    await ended(child);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureBroker(options: {
  readonly nodes: number;
  readonly replication: 'none' | 'quorum';
  readonly records: number;
  readonly inFlight: number;
}): Promise<ProduceResult> {
  const { nodes, replication } = options;
  const cluster = await startBenchCluster({ nodes, topic: { flush: 'sync', replication } });
  const hello = { protocolVersion: 1, clientName: 'bench', token: '' };
  try {
    return await runClient({
      port: cluster.leaderPort,
      topicId: cluster.topicId,
      opening: [Buffer.concat(encodeRequest('hello', 0, hello))],
      ...options,
    });
  } finally {
    await cluster.close();
  }
}

async function runClient(options: {
  readonly port: number;
  readonly topicId: number;
  readonly opening: readonly Buffer[];
  readonly records: number;
  readonly inFlight: number;
}): Promise<ProduceResult> {
  const builder = new BatchBuilder();
  for (let at = 0; at < options.records; at++)
    builder.append(undefined, Buffer.alloc(recordBytes, at));
  const batch = builder.finish(0);
  identifyBatch(batch, { producerId: 0, epoch: 0, baseSequence: 0 });
  const frame = Buffer.concat(encodeProduce(0, { topicId: options.topicId, partition: 0, batch }));
  const job: ProduceJob = {
    port: options.port,
    opening: options.opening.map((bytes) => bytes.toString('base64')),
    frame: frame.toString('base64'),
    inFlight: options.inFlight,
    warmUpMs,
    measureMs,
  };
  const path = fileURLToPath(new URL('./produce-client.js', import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(job));
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return JSON.parse(text) as ProduceResult;
}

/** The pair whose ratio is the median. */
function median(pairs: readonly Pair[], ratioOf: (pair: Pair) => number): Pair & { ratio: number } {
  const sorted = pairs
    .map((pair) => ({ ...pair, ratio: ratioOf(pair) }))
    .sort((a, b) => a.ratio - b.ratio);
  return sorted[Math.floor(sorted.length / 2)]!;
}
