import { assert } from '../assert.ts';
import type { Clock } from '../env/clock.ts';
import type { Network } from '../env/network.ts';
import type { Random } from '../env/random.ts';
import { BrokerError } from '../errors.ts';
import type { TopicInfo } from '../protocol/api.ts';
import type { RequestName, RequestOf, ResponseOf } from '../protocol/codec.ts';
import { NodeConnection } from './connection.ts';
import { asBrokerError } from './errors.ts';
import { MetadataCache, type KnownLeader } from './metadata.ts';

export interface ClientOptions {
  /** Parts of the outside world; `realEnv` of the broker's index for ordinary use. */
  readonly env: { readonly network: Network; readonly clock: Clock; readonly random: Random };
  /** Where to begin; the other nodes are learnt from these. */
  readonly addresses: readonly string[];
  /**
   * Where this client reaches a node, for clients with a way of their own to the cluster (a proxy,
   * a tunnel). It then never connects to what nodes advertise. Default: what the node advertises.
   */
  readonly addressOf?: (nodeId: number, advertised: string) => string;
  readonly clientName?: string;
  /** The cluster's token; needed by `Admin` only. */
  readonly token?: string;
  /** Connection and greeting. Default 1000. */
  readonly connectTimeoutMs?: number;
  /** One try of one request that is not a produce or a fetch. Default 2000. */
  readonly requestTimeoutMs?: number;
}

interface Slot {
  connection: NodeConnection | undefined;
  opening: Promise<NodeConnection> | undefined;
  failures: number;
  retryAtMs: number;
}

const backoffFromMs = 20;
const backoffToMs = 500;

/** Pause before try number `tries` + 1: doubling from 20 ms up to 500 ms, and up to half off. */
export function backoffMs(random: Random, tries: number): number {
  const whole = Math.min(backoffToMs, backoffFromMs * 2 ** Math.min(tries, 10));
  return whole * (1 - random.unit() / 2);
}

/**
 * The client's view of a cluster: one connection per node, reconnected with backoff, and what is
 * known of topics and leaders. Producers, consumers and admins of one process share it.
 */
export class ClusterClient {
  readonly clock: Clock;
  readonly random: Random;
  readonly metadata: MetadataCache;
  readonly requestTimeoutMs: number;
  readonly #options: ClientOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #listeners = new Set<() => void>();
  readonly #topics = new Set<string>();
  #refreshing: Promise<void> | undefined;
  #closed = false;

  constructor(options: ClientOptions) {
    assert(options.addresses.length > 0, 'a client needs at least one address');
    this.#options = options;
    this.metadata = new MetadataCache(options.addressOf);
    this.clock = options.env.clock;
    this.random = options.env.random;
    this.requestTimeoutMs = options.requestTimeoutMs ?? 2000;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Called after each change of what is known of leaders; returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** An open connection to the node, if there is one right now. */
  connected(nodeId: number): NodeConnection | undefined {
    const address = this.metadata.nodes.get(nodeId);
    return address === undefined ? undefined : this.#slots.get(address)?.connection;
  }

  /** Rejects with `connection-lost`; at once while it waits before it tries again. */
  async connect(nodeId: number): Promise<NodeConnection> {
    const address = this.metadata.nodes.get(nodeId);
    if (address === undefined) throw new BrokerError('unavailable', `node ${nodeId} is not known`);
    return this.#connectTo(address);
  }

  /** Rejects with `not-leader` where none is known. */
  async connectLeader(topicId: number, partition: number): Promise<NodeConnection> {
    const { leader } = this.leader(topicId, partition);
    if (leader === 0) throw new BrokerError('not-leader', `partition ${partition} has no leader`);
    return this.connect(leader);
  }

  leader(topicId: number, partition: number): KnownLeader {
    return this.metadata.leader(topicId, partition);
  }

  /**
   * The topic, from the cache or asked for until `timeoutMs`; rejects with `unknown-topic`, and with
   * `shutting-down` as soon as the client is closed.
   */
  async topic(name: string, timeoutMs = this.requestTimeoutMs * 5): Promise<TopicInfo> {
    this.#topics.add(name);
    const endMs = this.clock.monotonicMs() + timeoutMs;
    for (let tries = 0; ; tries++) {
      if (this.#closed) throw clientIsClosed();
      const topic = this.metadata.topic(name);
      if (topic !== undefined) return topic;
      if (this.clock.monotonicMs() >= endMs) {
        const reachable = this.metadata.nodes.size > 0;
        throw reachable
          ? new BrokerError('unknown-topic', `topic "${name}" does not exist`)
          : new BrokerError('unavailable', `no node of ${this.#addressList()} answers`);
      }
      await this.refresh();
      if (this.metadata.topic(name) === undefined) await this.pause(backoffMs(this.random, tries));
    }
  }

  /**
   * Asks every node at once and merges what they say as it comes; one that hangs holds nobody up.
   * Never rejects. While one is under way, callers share it.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #ask(): Promise<void> {
    const addresses = new Set(this.metadata.nodes.values());
    if (addresses.size === 0) for (const one of this.#options.addresses) addresses.add(one);
    const topics = [...this.#topics];
    let answered = false;
    await new Promise<void>((resolve) => {
      let left = addresses.size;
      for (const address of addresses) {
        this.#askOne(address, topics).then(
          () => {
            answered = true;
            // The others still merge what they say when they say it.
            resolve();
          },
          () => {
            if (--left === 0) resolve();
          },
        );
      }
    });
    // Every address that was learnt is dead: the ones given at the start may have come back.
    if (!answered) {
      await Promise.allSettled(this.#options.addresses.map((one) => this.#askOne(one, topics)));
    }
  }

  async #askOne(address: string, topics: readonly string[]): Promise<void> {
    const connection = await this.#connectTo(address);
    const answer = await connection.call('metadata', { topics }, this.requestTimeoutMs);
    if (!this.metadata.merge(answer)) return;
    for (const listener of this.#listeners) listener();
  }

  /**
   * Calls the coordinator, wherever it is, until `timeoutMs`. An error that is not retriable is
   * passed on at once. The request may be carried out more than once.
   */
  async callCoordinator<N extends RequestName>(
    api: N,
    request: RequestOf<N>,
    options: {
      readonly timeoutMs: number;
      readonly tryTimeoutMs?: number;
      /** True = give up; asked after each try that failed. */
      readonly stop?: (error: BrokerError) => boolean;
    },
  ): Promise<ResponseOf<N>> {
    const attempt = async (leftMs: number): Promise<ResponseOf<N>> => {
      const nodeId = this.metadata.coordinator;
      if (nodeId === 0) throw new BrokerError('not-coordinator', 'the coordinator is not known');
      const tryMs = Math.min(leftMs, options.tryTimeoutMs ?? this.requestTimeoutMs);
      try {
        return await (await this.connect(nodeId)).call(api, request, tryMs);
      } catch (error) {
        const { code } = asBrokerError(error);
        if (code !== 'overloaded' && code !== 'rebalancing') {
          this.metadata.forgetCoordinator(nodeId);
        }
        throw error;
      }
    };
    return this.retry(options.timeoutMs, attempt, options.stop);
  }

  /** Calls the leader of a partition, wherever it is, until `timeoutMs`. */
  async callLeader<N extends RequestName>(
    api: N,
    request: RequestOf<N> & { readonly topicId: number; readonly partition: number },
    options: {
      readonly timeoutMs: number;
      readonly stop?: (error: BrokerError) => boolean;
    },
  ): Promise<ResponseOf<N>> {
    const { topicId, partition } = request;
    const attempt = async (leftMs: number): Promise<ResponseOf<N>> => {
      const connection = await this.connectLeader(topicId, partition);
      return connection.call(api, request, Math.min(leftMs, this.requestTimeoutMs));
    };
    return this.retry(options.timeoutMs, attempt, options.stop);
  }

  /** Tries until it works, an error is final, time is up, or `stop` says so; refreshes between. */
  async retry<T>(
    timeoutMs: number,
    attempt: (leftMs: number) => Promise<T>,
    stop: (error: BrokerError) => boolean = () => false,
  ): Promise<T> {
    const endMs = this.clock.monotonicMs() + timeoutMs;
    for (let tries = 0; ; tries++) {
      try {
        return await attempt(Math.max(1, endMs - this.clock.monotonicMs()));
      } catch (error) {
        const known = asBrokerError(error);
        if (!known.retriable || this.#closed || stop(known)) throw known;
        const waitMs = backoffMs(this.random, tries);
        if (this.clock.monotonicMs() + waitMs >= endMs) throw known;
        await this.refresh();
        await this.pause(waitMs);
      }
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.setTimer(ms, resolve);
    });
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    for (const slot of this.#slots.values()) slot.connection?.close();
    this.#slots.clear();
  }

  #connectTo(address: string): Promise<NodeConnection> {
    if (this.#closed) return Promise.reject(clientIsClosed());
    let slot = this.#slots.get(address);
    if (slot === undefined) {
      slot = { connection: undefined, opening: undefined, failures: 0, retryAtMs: 0 };
      this.#slots.set(address, slot);
    }
    if (slot.connection !== undefined) return Promise.resolve(slot.connection);
    if (slot.opening === undefined && this.clock.monotonicMs() < slot.retryAtMs) {
      const message = `${address} is not tried again yet`;
      return Promise.reject(new BrokerError('connection-lost', message));
    }
    slot.opening ??= this.#open(address, slot);
    return slot.opening;
  }

  async #open(address: string, slot: Slot): Promise<NodeConnection> {
    try {
      const connection = await NodeConnection.open({
        network: this.#options.env.network,
        clock: this.clock,
        address,
        clientName: this.#options.clientName ?? 'ackworth',
        token: this.#options.token ?? '',
        timeoutMs: this.#options.connectTimeoutMs ?? 1000,
      });
      if (this.#closed) {
        connection.close();
        throw clientIsClosed();
      }
      connection.onClose = () => {
        slot.connection = undefined;
      };
      if (!connection.closed) slot.connection = connection;
      slot.failures = 0;
      return connection;
    } catch (error) {
      slot.retryAtMs = this.clock.monotonicMs() + backoffMs(this.random, slot.failures++);
      throw error;
    } finally {
      slot.opening = undefined;
    }
  }

  #addressList(): string {
    return this.#options.addresses.join(', ');
  }
}

function clientIsClosed(): BrokerError {
  return new BrokerError('shutting-down', 'client is closed');
}
