import type { BrokerError } from '../errors.ts';
import type { Timer } from '../env/clock.ts';
import type { Requests, TopicInfo } from '../protocol/api.ts';
import type { ClusterClient } from './cluster.ts';
import { asBrokerError } from './errors.ts';
import { GroupSeat } from './group-seat.ts';
import type { ConsumedRecord } from './record-reader.ts';

export interface GroupConsumerOptions {
  readonly topic: string;
  readonly group: string;
  /** Silent for this long, the member loses its partitions to the others. */
  readonly sessionTimeoutMs: number;
  /** Records handed out and not acked; beyond it none are handed out. */
  readonly inFlightMax: number;
  /** Of one fetch. Default 1 MiB. */
  readonly fetchBytesMax?: number;
  /** How long the broker holds a fetch that finds nothing. Default 500. */
  readonly fetchWaitMs?: number;
  /** Acks of one partition are committed together, this often. Default 50. */
  readonly commitIntervalMs?: number;
  /** Each record at least once, in order within its partition. Valid only during the call. */
  readonly onRecord: (record: ConsumedRecord) => void;
  readonly onAssigned?: (partitions: readonly { partition: number; offset: number }[]) => void;
  readonly onRevoked?: (partitions: readonly number[]) => void;
  /** The log was cut at `offset`, which only some durability modes allow: it goes on from there. */
  readonly onDiverged?: (partition: number, offset: number) => void;
  readonly onNote?: (note: string) => void;
}

type Membership = Requests['joinGroup']['response'];

const flushMs = 5000;
const joinForMs = 60_000;
/** Records handed out in one go before the event loop gets its turn. */
const burstMax = 2000;

/**
 * A member of a consumer group: joins, gets partitions, reads them from their cursors, commits what
 * is acked, and joins again when the group changes. At least once: what was handed out and not
 * committed when a partition moves is handed out again to its next owner.
 */
export class GroupConsumer {
  readonly #cluster: ClusterClient;
  readonly #options: GroupConsumerOptions;
  readonly #topic: TopicInfo;
  #memberId = '';
  #generation = 0;
  #seats = new Map<number, GroupSeat>();
  #turn = 0;
  #delivering = false;
  #scheduled = false;
  #endMembership: ((why: string) => void) | undefined;
  #closed = false;
  #close: () => void = () => {};
  readonly #closing = new Promise<undefined>((resolve) => {
    this.#close = () => resolve(undefined);
  });
  #finished: Promise<void> = Promise.resolve();

  /** Resolves once the group has taken it in. Rejects when it cannot. */
  static async create(
    cluster: ClusterClient,
    options: GroupConsumerOptions,
  ): Promise<GroupConsumer> {
    const topic = await cluster.topic(options.topic);
    const consumer = new GroupConsumer(cluster, options, topic);
    const first = await consumer.#join();
    consumer.#finished = consumer.#run(first);
    return consumer;
  }

  private constructor(cluster: ClusterClient, options: GroupConsumerOptions, topic: TopicInfo) {
    this.#cluster = cluster;
    this.#options = options;
    this.#topic = topic;
  }

  get memberId(): string {
    return this.#memberId;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Everything of the partition up to and including `offset` is done. */
  ack(partition: number, offset: number): void {
    this.#seats.get(partition)?.ack(offset);
    this.#deliverSoon();
  }

  /** Commits what was acked, leaves the group, ends. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#close();
    this.#endMembership?.('closed');
    await this.#finished;
  }

  async #run(first: Membership): Promise<void> {
    let membership: Membership | undefined = first;
    while (!this.#closed) {
      try {
        membership ??= await Promise.race([this.#join(), this.#closing]);
      } catch (error) {
        this.#note(`cannot join: ${asBrokerError(error).message}`);
        await this.#cluster.pause(100);
        continue;
      }
      if (membership === undefined) break;
      await this.#serve(membership);
      membership = undefined;
    }
    if (this.#memberId !== '') await this.#leave();
  }

  async #join(): Promise<Membership> {
    const { group, topic, sessionTimeoutMs } = this.#options;
    for (;;) {
      const request = { group, memberId: this.#memberId, topic, sessionTimeoutMs };
      try {
        const membership = await this.#cluster.callCoordinator('joinGroup', request, {
          timeoutMs: joinForMs,
          // A rebalance waits for members that are gone for as long as their session lasts.
          tryTimeoutMs: sessionTimeoutMs + 2000,
          stop: () => this.#closed,
        });
        this.#memberId = membership.memberId;
        this.#generation = membership.generation;
        return membership;
      } catch (error) {
        if (asBrokerError(error).code !== 'unknown-member' || this.#memberId === '') throw error;
        this.#memberId = '';
      }
    }
  }

  /** One generation, from its assignment to its end. */
  async #serve(membership: Membership): Promise<void> {
    const { onRevoked } = this.#options;
    const ended = new Promise<string>((resolve) => {
      this.#endMembership = resolve;
    });
    if (this.#closed) this.#endMembership?.('closed');
    for (const partition of membership.partitions) {
      const seat = this.#seat(partition, membership.generation);
      this.#seats.set(partition, seat);
      void seat.open();
    }
    const heart = new Heart(this.#cluster, {
      request: { group: this.#options.group, ...membership },
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      onLost: (error) => this.#endMembership?.(error.code),
    });
    heart.start();
    const why = await ended;
    heart.stop();
    this.#endMembership = undefined;
    if (why !== 'closed') this.#note(`generation ${membership.generation} ended: ${why}`);
    // Whoever is fenced has nothing to commit any more; the others give back in good order.
    const flush = why === 'fenced' || why === 'unknown-member' ? 0 : this.#flushMs(why);
    const seats = [...this.#seats.values()];
    await Promise.all(seats.map((seat) => seat.close(flush)));
    this.#seats.clear();
    if (seats.length > 0) onRevoked?.(seats.map((seat) => seat.partition));
  }

  /** In a rebalance the others wait for this member, and its session runs meanwhile. */
  #flushMs(why: string): number {
    return why === 'closed' ? flushMs : Math.min(1000, this.#options.sessionTimeoutMs / 3);
  }

  #seat(partition: number, generation: number): GroupSeat {
    const { group, onAssigned, onDiverged } = this.#options;
    return new GroupSeat({
      cluster: this.#cluster,
      topicId: this.#topic.topicId,
      partition,
      group,
      generation,
      fetchBytesMax: this.#options.fetchBytesMax ?? 1 << 20,
      fetchWaitMs: this.#options.fetchWaitMs ?? 500,
      commitIntervalMs: this.#options.commitIntervalMs ?? 50,
      onOpened: (offset) => onAssigned?.([{ partition, offset }]),
      onRecords: () => this.#deliver(),
      onDiverged: (offset) => onDiverged?.(partition, offset),
      onFenced: () => this.#endMembership?.('fenced'),
      onNote: (note) => this.#note(note),
    });
  }

  /** Hands out while the window is open, turn by turn over the partitions. */
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    const { inFlightMax, onRecord } = this.#options;
    let left = burstMax;
    let idle = 0;
    let seats = [...this.#seats.values()];
    while (idle < seats.length && left > 0 && !this.#closed) {
      const seat = seats[this.#turn++ % seats.length]!;
      let room = Math.min(left, inFlightMax - this.#unacked());
      if (room <= 0) break;
      idle++;
      for (; room > 0; room--, left--) {
        const record = seat.read();
        if (record === undefined) break;
        idle = 0;
        onRecord(record);
      }
      if (seats.length !== this.#seats.size) seats = [...this.#seats.values()];
    }
    this.#delivering = false;
    if (left <= 0) this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#scheduled || this.#delivering) return;
    this.#scheduled = true;
    this.#cluster.clock.defer(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #unacked(): number {
    let unacked = 0;
    for (const seat of this.#seats.values()) unacked += seat.unacked;
    return unacked;
  }

  async #leave(): Promise<void> {
    const { group } = this.#options;
    const request = { group, memberId: this.#memberId };
    try {
      await this.#cluster.callCoordinator('leaveGroup', request, { timeoutMs: 2000 });
    } catch (error) {
      this.#note(`left without a word: ${asBrokerError(error).message}`);
    }
  }

  #note(note: string): void {
    this.#options.onNote?.(`group "${this.#options.group}": ${note}`);
  }
}

interface HeartOptions {
  readonly request: Requests['heartbeatGroup']['request'];
  readonly sessionTimeoutMs: number;
  /** The group says that this membership is over. */
  readonly onLost: (error: BrokerError) => void;
}

const beatMsMax = 500;

/** Keeps a session alive until it is stopped or the coordinator ends it. */
class Heart {
  readonly #cluster: ClusterClient;
  readonly #options: HeartOptions;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(cluster: ClusterClient, options: HeartOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  start(): void {
    const everyMs = Math.min(beatMsMax, this.#options.sessionTimeoutMs / 5);
    this.#timer = this.#cluster.clock.setTimer(everyMs, () => void this.#beat());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #beat(): Promise<void> {
    const { request, sessionTimeoutMs, onLost } = this.#options;
    const { group, memberId, generation } = request;
    try {
      await this.#cluster.callCoordinator(
        'heartbeatGroup',
        { group, memberId, generation },
        {
          timeoutMs: sessionTimeoutMs,
          tryTimeoutMs: Math.max(50, sessionTimeoutMs / 4),
          stop: (error) => this.#stopped || error.code === 'rebalancing',
        },
      );
    } catch (error) {
      if (this.#stopped) return;
      const known = asBrokerError(error);
      if (['rebalancing', 'unknown-member', 'fenced'].includes(known.code)) {
        onLost(known);
        return;
      }
    }
    if (!this.#stopped) this.start();
  }
}
