import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realEnv } from '../../broker/env/real/env.ts';
import { ClusterClient } from '../../broker/client/cluster.ts';
import type { TopicConfig } from '../../broker/protocol/api.ts';
import { freePorts } from '../../harness/cluster/process/free-ports.ts';

const token = 'bench';

/** A cluster of the reference broker for a bench, each node a process of its own. */
export interface BenchCluster {
  /** The port of the node that leads partition 0 of the topic. */
  readonly leaderPort: number;
  readonly gatewayPort: number;
  readonly topicId: number;
  close(): Promise<void>;
}

export async function startBenchCluster(options: {
  readonly nodes: number;
  readonly topic: Pick<TopicConfig, 'flush' | 'replication'>;
}): Promise<BenchCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-bench-'));
  const ports = await freePorts(options.nodes + 1);
  const gatewayPort = ports.pop()!;
  const nodes = ports.map((port, at) => ({ id: at + 1, clientAddress: `127.0.0.1:${port}` }));
  const children = await Promise.all(
    nodes.map(({ id }) =>
      startChild('../../broker/server/main.js', [
        '--exit-with-parent',
        '--config',
        JSON.stringify({
          nodeId: id,
          nodes,
          token,
          dataDirectory: join(directory, `node-${id}`),
          logFile: join(directory, `node-${id}.log`),
          ...(id === 1 ? { gatewayListenAddress: `127.0.0.1:${gatewayPort}` } : {}),
        }),
      ]),
    ),
  );
  const client = new ClusterClient({
    env: realEnv(directory),
    addresses: nodes.map(({ clientAddress }) => clientAddress),
    token,
  });
  await client.refresh();
  const config: TopicConfig = {
    name: 'bench',
    partitions: 1,
    replicas: options.topic.replication === 'none' ? 1 : options.nodes,
    flushIntervalMs: 100,
    segmentBytes: 256 * 1024 * 1024,
    retentionBytes: 1024 * 1024 * 1024,
    retentionMs: 0,
    ...options.topic,
  };
  const { topicId } = await client.callCoordinator(
    'createTopic',
    { config },
    { timeoutMs: 10_000 },
  );
  await client.topic(config.name);
  const leader = await client.retry(10_000, async () => {
    await client.callLeader(
      'listOffsets',
      { topicId, partition: 0, replica: false },
      { timeoutMs: 2000 },
    );
    return client.leader(topicId, 0).leader;
  });
  client.close();
  return {
    leaderPort: ports[leader - 1]!,
    gatewayPort,
    topicId,
    async close() {
      await Promise.all(children.map(async (child) => await ended(child)));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Starts an entry of `dist/`; resolves with its first line on standard output. */
export async function startChild(
  entry: string,
  args: readonly string[],
): Promise<ChildProcess & { readonly firstLine: string }> {
  const path = fileURLToPath(new URL(entry, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const firstLine = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('exit', (code) => reject(new Error(`${entry} ended with code ${code}`)));
    child.once('error', reject);
  });
  return Object.assign(child, { firstLine });
}

/** Closes a child's standard input, which ends it, and waits for that. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await exit;
}
