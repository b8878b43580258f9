import { Coordinator } from '../../group/coordinator.ts';
import { encodeSystemCommand } from '../../group/commands.ts';
import type { SystemCommand, SystemResult } from '../../group/commands.ts';
import { placeReplicas } from '../../group/placement.ts';
import { SystemMachine } from '../../group/system.ts';
import type { Env } from '../../env/env.ts';
import { SimProcess } from '../../env/sim/process.ts';
import { SimRandom } from '../../env/sim/random.ts';
import { SimScheduler } from '../../env/sim/scheduler.ts';
import { NetworkError, type Connection, type Network } from '../../env/network.ts';
import { BrokerError, brokerErrors } from '../../errors.ts';
import type { Requests, TopicConfig, TopicInfo } from '../../protocol/api.ts';
import { readBatchHeader } from '../../protocol/batch.ts';
import type { RequestName, ResponseOf } from '../../protocol/codec.ts';
import { FrameReader } from '../../protocol/frames.ts';
import { decodeRequest, encodeError, encodeResponse } from '../../protocol/messages.ts';
import type { AnyRequest } from '../../protocol/messages.ts';
import { FakePartition } from './fake-partition.ts';

/** What becomes of one request: an error = refused before anything happened. */
export type Fate = 'serve' | 'lose-answer' | 'lose-request' | BrokerError;

const latencyMs = 1;

class FakeConnection implements Connection {
  readonly remoteAddress: string;
  peer: FakeConnection | undefined;
  open = true;
  onData: (bytes: Buffer) => void = () => {};
  onDrain: () => void = () => {};
  onClose: (error: Error | undefined) => void = () => {};
  readonly #scheduler: SimScheduler;

  constructor(scheduler: SimScheduler, address: string) {
    this.#scheduler = scheduler;
    this.remoteAddress = address;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(chunks);
    const { peer } = this;
    if (!this.open) return false;
    this.#scheduler.schedule(latencyMs, () => {
      if (peer?.open) peer.onData(bytes);
    });
    return true;
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    for (const end of [this, this.peer]) {
      if (!end?.open) continue;
      end.open = false;
      this.#scheduler.schedule(0, () => end.onClose(undefined));
    }
  }
}

interface FakeNode {
  readonly id: number;
  state: 'up' | 'down' | 'hung';
  readonly connections: Set<FakeConnection>;
  held: (() => void)[];
}

/**
 * A cluster of three nodes in memory and in virtual time, as its clients see it: real codec, real
 * gate, real coordinator, no replication. Tests steer it: who leads, who hangs, what is lost.
 */
export class FakeCluster implements Network {
  readonly scheduler = new SimScheduler();
  readonly clock = new SimProcess(this.scheduler);
  readonly random = new SimRandom(1);
  readonly addresses = ['node:1', 'node:2', 'node:3'];
  readonly nodes: readonly FakeNode[];
  readonly partitions: FakePartition[];
  readonly system = new SystemMachine();
  readonly coordinator: Coordinator;
  coordinatorNode = 1;
  /** Every produce that reached a node: `node partition epoch/sequence+count`. */
  readonly produced: string[] = [];
  readonly commits: string[] = [];
  fate: (node: number, request: AnyRequest) => Fate = () => 'serve';
  #index = 0;
  #config: TopicConfig;

  constructor(partitions = 1) {
    this.nodes = [1, 2, 3].map((id) => ({ id, state: 'up', connections: new Set(), held: [] }));
    this.partitions = Array.from({ length: partitions }, () => new FakePartition());
    this.#config = {
      name: 'orders',
      partitions,
      replicas: 3,
      flush: 'sync',
      replication: 'quorum',
      flushIntervalMs: 100,
      segmentBytes: 1 << 20,
      retentionBytes: 0,
      retentionMs: 0,
    };
    this.#createTopic(this.#config);
    this.coordinator = new Coordinator({
      clock: this.clock,
      machine: this.system,
      propose: (command) => Promise.resolve(this.#apply(command)),
      joinDelayMs: 20,
    });
    this.coordinator.start(1);
  }

  get env(): Pick<Env, 'network' | 'clock' | 'random'> {
    return { network: this, clock: this.clock, random: this.random };
  }

  async pass(ms: number): Promise<void> {
    await this.scheduler.run({ untilMs: this.scheduler.nowMs() + ms });
  }

  /** Lets virtual time pass until the promise is settled. */
  async until<T>(promise: Promise<T>, maxMs = 60_000): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    const untilMs = this.scheduler.nowMs() + maxMs;
    await this.scheduler.run({ untilMs, stop: () => settled });
    if (!settled) throw new Error(`nothing came of it within ${maxMs} ms of virtual time`);
    return promise;
  }

  kill(id: number): void {
    const node = this.#node(id);
    node.state = 'down';
    node.held = [];
    for (const connection of node.connections) connection.close();
    node.connections.clear();
  }

  hang(id: number): void {
    this.#node(id).state = 'hung';
  }

  /** Back from a kill, or from hanging: then what was held is served now. */
  revive(id: number): void {
    const node = this.#node(id);
    node.state = 'up';
    const held = node.held;
    node.held = [];
    for (const serve of held) serve();
  }

  listen(): Promise<never> {
    return Promise.reject(new NetworkError('ENOTSUP', 'a fake cluster does not listen'));
  }

  connect(address: string, options?: { readonly timeoutMs?: number }): Promise<Connection> {
    const node = this.#node(Number(address.split(':')[1]));
    return new Promise((resolve, reject) => {
      if (node.state === 'down') {
        this.clock.setTimer(latencyMs, () => reject(new NetworkError('ECONNREFUSED', address)));
        return;
      }
      if (node.state === 'hung') {
        const timeoutMs = options?.timeoutMs ?? 1000;
        this.clock.setTimer(timeoutMs, () => reject(new NetworkError('ETIMEDOUT', address)));
        return;
      }
      const here = new FakeConnection(this.scheduler, address);
      const there = new FakeConnection(this.scheduler, 'client');
      here.peer = there;
      there.peer = here;
      node.connections.add(there);
      const frames = new FrameReader(1 << 24, (frame) => this.#arrive(node, there, frame));
      there.onData = (bytes) => frames.push(bytes);
      this.scheduler.schedule(latencyMs, () => resolve(here));
    });
  }

  #node(id: number): FakeNode {
    const node = this.nodes[id - 1];
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  #arrive(node: FakeNode, connection: FakeConnection, frame: Buffer): void {
    const serve = (): void => {
      const any = decodeRequest(frame);
      const fate = this.fate(node.id, any);
      const { correlationId } = any;
      if (fate === 'lose-request') {
        connection.close();
        return;
      }
      const refused = fate instanceof BrokerError;
      const answered = refused ? Promise.reject(fate) : this.#serve(node.id, any);
      answered.then(
        (response) => {
          if (fate === 'lose-answer') connection.close();
          else this.#reply(node, connection, encodeResponse(any.api, correlationId, response));
        },
        (error: unknown) => {
          if (!(error instanceof BrokerError)) throw error;
          const { detail, message } = error;
          const { wire } = brokerErrors[error.code];
          this.#reply(node, connection, encodeError(correlationId, { wire, detail, message }));
        },
      );
    };
    if (node.state === 'hung') node.held.push(serve);
    else serve();
  }

  #reply(node: FakeNode, connection: FakeConnection, chunks: Buffer[]): void {
    if (node.state === 'hung') node.held.push(() => connection.write(chunks));
    else connection.write(chunks);
  }

  async #serve(node: number, any: AnyRequest): Promise<ResponseOf<RequestName>> {
    switch (any.api) {
      case 'hello':
        return { nodeId: node, protocolVersion: 1, frameBytesMax: 1 << 24, batchBytesMax: 1 << 20 };
      case 'metadata':
        return this.#metadata();
      case 'createTopic':
        this.#needCoordinator(node);
        return { topicId: this.#createTopic(any.request.config) };
      case 'initProducer': {
        this.#needCoordinator(node);
        const result = this.#apply({ type: 'init-producer', ...any.request });
        if (result.type !== 'producer') throw new Error('another result');
        return result;
      }
      case 'produce': {
        const { epoch, baseSequence, recordCount } = readBatchHeader(any.request.batch);
        const what = `${epoch}/${baseSequence}+${recordCount}`;
        this.produced.push(`${node} p${any.request.partition} ${what}`);
        return this.#leading(node, any.request.partition).produce(any.request.batch);
      }
      case 'fetch':
        return this.#fetch(node, any.request);
      case 'listOffsets': {
        const { partition, replica } = any.request;
        const { startOffset, endOffset } = replica
          ? this.#partition(partition)
          : this.#leading(node, partition);
        const highWatermark = endOffset;
        return { logStartOffset: startOffset, highWatermark, logEndOffset: endOffset };
      }
      case 'openCursor': {
        const { partition, group, generation } = any.request;
        const command = { type: 'open-cursor', group, generation } as const;
        return { offset: this.#leading(node, partition).command(command) };
      }
      case 'commitCursor': {
        const { partition, group, generation, offset } = any.request;
        const leading = this.#leading(node, partition);
        leading.command({ type: 'commit-cursor', group, generation, offset });
        this.commits.push(`p${partition} ${offset}`);
        return {};
      }
      case 'joinGroup':
        this.#needCoordinator(node);
        return this.coordinator.join(any.request);
      case 'heartbeatGroup':
        this.#needCoordinator(node);
        this.coordinator.heartbeat(any.request);
        return {};
      case 'leaveGroup':
        this.#needCoordinator(node);
        this.coordinator.leave(any.request);
        return {};
      case 'describe':
        return { nodeId: node, version: 'fake', groups: [] };
    }
  }

  async #fetch(node: number, request: Requests['fetch']['request']): Promise<ResponseOf<'fetch'>> {
    const endMs = this.clock.monotonicMs() + request.waitMs;
    for (;;) {
      const source = request.replica
        ? this.#partition(request.partition)
        : this.#leading(node, request.partition);
      const batches = source.read(request.offset, request.lastTerm, request.bytesMax);
      if (batches.length > 0 || this.clock.monotonicMs() >= endMs) {
        const { startOffset, endOffset } = source;
        return { logStartOffset: startOffset, highWatermark: endOffset, batches };
      }
      await new Promise<void>((resolve) => {
        this.scheduler.schedule(2, resolve);
      });
    }
  }

  #metadata(): ResponseOf<'metadata'> {
    const nodes = this.addresses.map((address, at) => ({ id: at + 1, address }));
    const topics = [...this.system.topics()].map(({ topicId, config, placement }): TopicInfo => {
      const partitions = placement.map((replicas, partition) => {
        const { leader, term } = this.#partition(partition);
        return { partition, replicas, leader, term };
      });
      return { topicId, config, partitions };
    });
    return { nodes, coordinator: this.coordinatorNode, topics };
  }

  #createTopic(config: TopicConfig): number {
    if (this.system.topicNamed(config.name) !== undefined) {
      throw new BrokerError('topic-exists', config.name);
    }
    const { partitions, replicas } = config;
    const placement = placeReplicas({ nodes: [1, 2, 3], partitions, replicas, startAt: 0 });
    const result = this.#apply({ type: 'create-topic', config, placement });
    return result.type === 'topic' ? result.topicId : 0;
  }

  #apply(command: SystemCommand): SystemResult {
    let result: SystemResult | undefined;
    this.system.onResult = (_, given) => (result = given);
    this.system.apply({ term: 1, index: ++this.#index, bytes: encodeSystemCommand(command) });
    return result!;
  }

  #partition(partition: number): FakePartition {
    const found = this.partitions[partition];
    if (found === undefined) throw new BrokerError('unknown-topic', `no partition ${partition}`);
    return found;
  }

  #leading(node: number, partition: number): FakePartition {
    const found = this.#partition(partition);
    if (found.leader === node) return found;
    throw new BrokerError('not-leader', 'elsewhere', { detail: 1 });
  }

  #needCoordinator(node: number): void {
    if (this.coordinatorNode !== node) throw new BrokerError('not-coordinator', 'elsewhere');
  }
}
