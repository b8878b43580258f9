import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Env } from '../../env/env.ts';
import { realEnv } from '../../env/real/env.ts';
import { BrokerError } from '../../errors.ts';
import type { TopicConfig } from '../../protocol/api.ts';
import { BatchBuilder, identifyBatch } from '../../client/batch-builder.ts';
import { RecordReader } from '../../client/record-reader.ts';
import type { NodeOptions } from '../node-options.ts';
import { startNode } from '../server.ts';
import type { BrokerNode } from '../server.ts';
import { RawClient } from './raw-client.ts';

export const testToken = 'a secret of the cluster';

/** Nodes in this process, over real sockets and files that go away with `close`. */
export class TestCluster {
  readonly directory: string;
  readonly #ports: readonly number[];
  readonly #overrides: Partial<NodeOptions>;
  readonly #envOf: (dataDirectory: string) => Env;
  readonly #nodes = new Map<number, BrokerNode>();
  readonly #clients: RawClient[] = [];

  static async start(
    count: number,
    overrides: Partial<NodeOptions> = {},
    envOf: (dataDirectory: string) => Env = realEnv,
  ): Promise<TestCluster> {
    const cluster = new TestCluster(await freePorts(count), overrides, envOf);
    await Promise.all(cluster.#ports.map((_, at) => cluster.startNode(at + 1)));
    return cluster;
  }

  private constructor(
    ports: readonly number[],
    overrides: Partial<NodeOptions>,
    envOf: (dataDirectory: string) => Env,
  ) {
    this.#envOf = envOf;
    this.directory = mkdtempSync(join(tmpdir(), 'ackworth-server-'));
    this.#ports = ports;
    this.#overrides = overrides;
  }

  dataDirectory(nodeId: number): string {
    return join(this.directory, `node-${nodeId}`);
  }

  address(nodeId: number): string {
    return `127.0.0.1:${this.#ports[nodeId - 1]}`;
  }

  options(nodeId: number): NodeOptions {
    return {
      nodeId,
      nodes: this.#ports.map((_, at) => ({ id: at + 1, clientAddress: this.address(at + 1) })),
      dataDirectory: this.dataDirectory(nodeId),
      token: testToken,
      env: this.#envOf(this.dataDirectory(nodeId)),
      electionTimeoutMs: 300,
      heartbeatMs: 30,
      ...this.#overrides,
    };
  }

  async startNode(nodeId: number): Promise<BrokerNode> {
    const node = await startNode(this.options(nodeId));
    this.#nodes.set(nodeId, node);
    return node;
  }

  async stopNode(nodeId: number): Promise<void> {
    const node = this.#nodes.get(nodeId);
    this.#nodes.delete(nodeId);
    await node?.close();
  }

  get running(): BrokerNode[] {
    return [...this.#nodes.values()];
  }

  async connect(nodeId: number, token = ''): Promise<RawClient> {
    const client = await RawClient.connect(this.address(nodeId), token);
    this.#clients.push(client);
    return client;
  }

  /** Creates the topic at the coordinator and waits until each partition has a leader. */
  async createTopic(config: Partial<TopicConfig> = {}): Promise<number> {
    const topicId = await eventually(async () => {
      const coordinator = await this.#coordinator();
      const client = await this.connect(coordinator, testToken);
      const created = await client.request('createTopic', { config: topicConfig(config) });
      return created.topicId;
    });
    for (let partition = 0; partition < topicConfig(config).partitions; partition++) {
      await this.leaderOf(topicId, partition);
    }
    return topicId;
  }

  /** Node that leads the partition and can be produced to. */
  leaderOf(topicId: number, partition: number): Promise<number> {
    return eventually(async () => {
      for (const node of this.running) {
        const groupId = topicId * 65_536 + partition + 1;
        const status = node.status().find((group) => group.groupId === groupId);
        if (status?.role === 'leader' && status.commitIndex > 0) return node.nodeId;
      }
      throw new BrokerError('unavailable', 'no leader yet');
    });
  }

  #coordinator(): Promise<number> {
    return eventually(() => {
      const leader = this.running.find((node) => node.status()[0]?.role === 'leader');
      if (leader === undefined) throw new BrokerError('unavailable', 'no coordinator yet');
      return Promise.resolve(leader.nodeId);
    });
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all([...this.#nodes.keys()].map((nodeId) => this.stopNode(nodeId)));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function topicConfig(config: Partial<TopicConfig> = {}): TopicConfig {
  return {
    name: 'orders',
    partitions: 1,
    replicas: 1,
    flush: 'sync',
    replication: 'quorum',
    flushIntervalMs: 20,
    segmentBytes: 1024 * 1024,
    retentionBytes: 0,
    retentionMs: 0,
    ...config,
  };
}

/** A sealed batch of records with these values. */
export function batchOf(
  values: readonly string[],
  producer: { producerId: number; epoch: number; baseSequence: number } = {
    producerId: 0,
    epoch: 0,
    baseSequence: 0,
  },
): Buffer {
  const builder = new BatchBuilder();
  for (const value of values) builder.append(undefined, Buffer.from(value));
  const batch = builder.finish(1_700_000_000_000);
  identifyBatch(batch, producer);
  return batch;
}

/** Values of fetched batches, from `offset` on. */
export function valuesOf(batches: Buffer, offset = 0): string[] {
  const reader = new RecordReader({ batches, partition: 0, from: offset });
  const values: string[] = [];
  for (let record = reader.read(); record !== undefined; record = reader.read()) {
    values.push(record.value.toString());
  }
  return values;
}

/** Tries until it works, while it fails with a retriable error, for ten seconds at most. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof BrokerError && error.retriable) || performance.now() > endMs) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Ports of the loopback address that were free a moment ago, below those that Linux takes for
 * outgoing connections: nobody has the port of a node that was down when it comes back.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers: net.Server[] = [];
  while (servers.length < count) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const server = await listening(port);
    if (server !== undefined) servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Undefined when somebody has that port. */
function listening(port: number): Promise<net.Server | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
