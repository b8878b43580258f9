import { BrokerError } from '../errors.ts';
import { realEnv } from '../env/real/env.ts';
import type { Env } from '../env/env.ts';
import type { GroupStatus } from '../protocol/api.ts';
import type { Message } from '../raft/types.ts';
import { claimDataDirectory } from './format-file.ts';
import { Gateway } from './gateway.ts';
import { HostedSystem } from './hosted-system.ts';
import { Listener } from './listener.ts';
import { MemoryBudget } from './memory-budget.ts';
import { Metrics } from './metrics.ts';
import { checkOptions, defaultLimits } from './node-options.ts';
import type { NodeOptions, Report } from './node-options.ts';
import type { NodeParts } from './node-parts.ts';
import { Peers } from './peers.ts';
import { ReplicaSet } from './replica-set.ts';
import { handleFrame } from './requests.ts';
import { peerFrameBytesMax } from './session.ts';
import { Ticker } from './ticker.ts';
import { tokenMatcher } from './token.ts';

const defaultElectionTimeoutMs = 1000;
const defaultCacheBytes = 16 * 1024 * 1024;
const systemSegmentBytes = 4 * 1024 * 1024;
const tickMsMax = 25;

/** A node that is running in this process. */
export interface BrokerNode {
  readonly nodeId: number;
  /** `host:port` really bound; clients and peers. */
  readonly clientAddress: string;
  /** Of the HTTP gateway, if there is one. */
  readonly gatewayAddress: string | undefined;
  readonly metrics: Metrics;
  /** The Raft groups of this node, the system group first. */
  status(): GroupStatus[];
  /** Stops taking requests, then writes and closes what is open. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts one node and resolves once it accepts connections; it need not have found its peers yet.
 * Rejects with a `BrokerError`: options that cannot work, a data directory that is not this node's,
 * a log that cannot be trusted, an address in use.
 */
export async function startNode(options: NodeOptions): Promise<BrokerNode> {
  checkOptions(options);
  const node = new RunningNode(options);
  try {
    await node.start();
  } catch (error) {
    await node.close();
    throw error instanceof BrokerError
      ? error
      : new BrokerError('unavailable', `node ${options.nodeId} did not start: ${text(error)}`, {
          cause: error,
        });
  }
  return node;
}

class RunningNode implements BrokerNode {
  readonly nodeId: number;
  readonly metrics = new Metrics();
  readonly #options: NodeOptions;
  readonly #env: Env;
  readonly #report: Report;
  readonly #budget: MemoryBudget;
  readonly #peers: Peers;
  readonly #replicas: ReplicaSet;
  readonly #limits;
  readonly #nodes;
  #system: HostedSystem | undefined;
  #listener: Listener | undefined;
  #gateway: Gateway | undefined;
  #ticker: Ticker | undefined;
  #closing: Promise<void> | undefined;
  #clientAddress = '';

  constructor(options: NodeOptions) {
    this.nodeId = options.nodeId;
    this.#options = options;
    const env = options.env ?? realEnv(options.dataDirectory);
    const network = options.wrap?.network?.(env.network) ?? env.network;
    const disk = options.wrap?.disk?.(env.disk) ?? env.disk;
    this.#env = { ...env, network, disk };
    this.#report = options.report ?? (() => {});
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#nodes = [...options.nodes].sort((left, right) => left.id - right.id);
    this.#budget = new MemoryBudget(this.#limits);
    const { metrics } = this;
    const report = this.#report;
    this.#peers = new Peers({
      env: this.#env,
      nodeId: options.nodeId,
      nodes: this.#nodes,
      token: options.token,
      frameBytesMax: peerFrameBytesMax(this.#limits),
      metrics,
      report,
    });
    this.#replicas = new ReplicaSet({
      ...this.#replicaBasics(),
      metrics,
      wrap: options.wrap ?? {},
      report,
      send: (groupId, message) => this.#send(groupId, message),
      onAnswered: () => this.#listener?.flush(),
      onFatal: (error) => this.#fatal(error),
    });
  }

  get clientAddress(): string {
    return this.#clientAddress;
  }

  get gatewayAddress(): string | undefined {
    return this.#gateway?.address;
  }

  async start(): Promise<void> {
    const { nodeId, clusterName = 'ackworth' } = this.#options;
    await claimDataDirectory(this.#env.disk, { clusterName, nodeId });
    const system = (this.#system = await this.#openSystem());
    const parts = this.#parts(system);
    const ticker = (this.#ticker = new Ticker({
      clock: this.#env.clock,
      intervalMs: Math.min(tickMsMax, this.#heartbeatMs / 2),
      onTick: (elapsedMs) => this.#tick(elapsedMs),
    }));
    const listener = (this.#listener = new Listener({
      clock: this.#env.clock,
      limits: this.#limits,
      budget: this.#budget,
      metrics: this.metrics,
      beforeRead: () => ticker.catchUp(),
      onFrame: (...frame) => handleFrame(parts, ...frame),
    }));
    const own = this.#nodes.find((node) => node.id === nodeId)!;
    const address = this.#options.listenAddress ?? own.clientAddress;
    this.#clientAddress = await listener.listen(this.#env.network, address);
    const { gatewayListenAddress } = this.#options;
    if (gatewayListenAddress !== undefined) {
      this.#gateway = await Gateway.listen(parts, gatewayListenAddress);
    }
    this.#report('info', `node ${nodeId} listens on ${this.#clientAddress}`);
  }

  status(): GroupStatus[] {
    const own = this.#system === undefined ? [] : [this.#system.status()];
    return [...own, ...this.#replicas.statuses()];
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    this.#ticker?.stop();
    await this.#gateway?.close();
    await this.#replicas.close();
    await this.#system?.close();
    await this.#listener?.close();
    this.#peers.close();
  }

  get #electionTimeoutMs(): number {
    return this.#options.electionTimeoutMs ?? defaultElectionTimeoutMs;
  }

  get #heartbeatMs(): number {
    return this.#options.heartbeatMs ?? this.#electionTimeoutMs / 10;
  }

  #replicaBasics() {
    return {
      env: this.#env,
      nodeId: this.#options.nodeId,
      electionTimeoutMs: this.#electionTimeoutMs,
      heartbeatMs: this.#heartbeatMs,
      cacheBytes: this.#options.cacheBytes ?? defaultCacheBytes,
    };
  }

  #openSystem(): Promise<HostedSystem> {
    const openLog = this.#options.wrap?.openLog;
    return HostedSystem.open({
      clock: this.#env.clock,
      replica: {
        ...this.#replicaBasics(),
        voters: this.#nodes.map((node) => node.id),
        directory: 'group-0',
        flush: { mode: 'sync', intervalMs: 0 },
        segmentBytes: systemSegmentBytes,
        retentionBytes: systemSegmentBytes,
        retentionMs: 0,
        send: (message) => this.#send(0, message),
        ...(openLog === undefined ? {} : { openLog }),
      },
      onApplied: (machine) => this.#replicas.sync(machine.topics()),
      onFailed: (error) => this.#report('error', `the system group stopped: ${error.message}`),
    });
  }

  #parts(system: HostedSystem): NodeParts {
    return {
      nodeId: this.nodeId,
      nodes: this.#nodes,
      env: this.#env,
      limits: this.#limits,
      wrap: this.#options.wrap ?? {},
      budget: this.#budget,
      metrics: this.metrics,
      system,
      replicas: this.#replicas,
      report: this.#report,
      isToken: tokenMatcher(this.#options.token),
    };
  }

  #send(groupId: number, message: Message): void {
    const outgoing = this.#options.wrap?.outgoingMessage;
    const sent = outgoing === undefined ? message : outgoing(groupId, message);
    if (sent !== undefined) this.#peers.send(groupId, sent);
  }

  #tick(elapsedMs: number): void {
    const nowMs = this.#env.clock.monotonicMs();
    this.#system?.tick(elapsedMs);
    this.#replicas.tick(elapsedMs, nowMs);
    this.#peers.tick(nowMs);
    this.#listener?.tick(elapsedMs);
  }

  #fatal(error: BrokerError): void {
    if (this.#closing !== undefined) return;
    this.#report('error', error.message, { code: error.code });
    const told = (): void => this.#options.onFatal?.(error);
    this.close().then(told, told);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
