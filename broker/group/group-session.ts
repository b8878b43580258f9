import { assert } from '../assert.ts';
import type { Clock, Timer } from '../env/clock.ts';
import { BrokerError } from '../errors.ts';
import { assignPartitions } from './assignor.ts';
import type { GroupMember, SystemCommand, SystemResult } from './commands.ts';
import type { ConsumerGroup } from './system.ts';

export interface JoinAnswer {
  readonly memberId: string;
  readonly generation: number;
  readonly partitions: readonly number[];
}

export interface GroupSessionOptions {
  readonly clock: Clock;
  readonly group: string;
  /** Partitions of a topic, as committed. */
  partitionsOf(topic: string): number;
  /** The group as committed; undefined before its first generation. */
  committed(): ConsumerGroup | undefined;
  /** Resolves once the command is applied; rejects when it may never be. */
  propose(command: SystemCommand): Promise<SystemResult>;
  /** How long a group that was empty waits for more members before it hands out partitions. */
  readonly joinDelayMs: number;
}

interface Session {
  readonly memberId: string;
  sessionTimeoutMs: number;
  seenMs: number;
  dueMs: number;
  timer: Timer;
}

interface PendingJoin {
  readonly resolve: (answer: JoinAnswer) => void;
  readonly reject: (error: BrokerError) => void;
}

/** A timer that fires this much late tells that this process stood still, not the member. */
const stalledMs = 250;

/**
 * One group, as its coordinator sees it: who is alive, who has joined, and in which phase it is.
 *
 *     stable --(join of a stranger, leave, session expired)--> preparing
 *     preparing --(all live members joined, or time is up)---> committing
 *     committing --(new generation applied)------------------> stable, or preparing again
 */
export class GroupSession {
  readonly #options: GroupSessionOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #joins = new Map<string, PendingJoin>();
  #phase: 'stable' | 'preparing' | 'committing' = 'stable';
  #topic: string;
  /** Members changed while a generation was being committed: it is out of date already. */
  #again = false;
  #deadline: Timer | undefined;
  #closed = false;

  /** Members that are known keep their place and get a fresh session. */
  constructor(options: GroupSessionOptions, topic: string) {
    this.#options = options;
    const known = options.committed();
    this.#topic = known !== undefined && known.members.length > 0 ? known.topic : topic;
    for (const member of known?.members ?? []) {
      this.#open(member.memberId, member.sessionTimeoutMs);
    }
  }

  get topic(): string {
    return this.#topic;
  }

  get memberCount(): number {
    return this.#sessions.size;
  }

  /** Nobody is left and nothing is pending: the coordinator may forget this object. */
  get idle(): boolean {
    return this.#sessions.size === 0 && this.#phase === 'stable';
  }

  isMember(memberId: string): boolean {
    return this.#sessions.has(memberId);
  }

  join(memberId: string, sessionTimeoutMs: number): Promise<JoinAnswer> {
    const current = this.#options.committed();
    const known = this.#sessions.get(memberId);
    const seat = current?.members.find((member) => member.memberId === memberId);
    if (known === undefined) this.#open(memberId, sessionTimeoutMs);
    else {
      known.sessionTimeoutMs = sessionTimeoutMs;
      this.#touch(known);
    }
    if (this.#phase === 'stable' && known !== undefined && seat !== undefined) {
      assert(current !== undefined, 'a seat without a group');
      const { partitions } = seat;
      return Promise.resolve({ memberId, generation: current.generation, partitions });
    }
    this.#joins
      .get(memberId)
      ?.reject(
        new BrokerError('rebalancing', `member ${memberId} joined again on another request`),
      );
    return new Promise((resolve, reject) => {
      this.#joins.set(memberId, { resolve, reject });
      this.#changed();
    });
  }

  /** Throws what the member must be told; otherwise its session is fresh again. */
  heartbeat(memberId: string, generation: number): void {
    const session = this.#sessions.get(memberId);
    const { group } = this.#options;
    if (session === undefined) throw unknownMember(group, memberId);
    this.#touch(session);
    if (this.#phase !== 'stable') {
      throw new BrokerError('rebalancing', `group "${group}" is rebalancing: join again`);
    }
    const current = this.#options.committed()?.generation ?? 0;
    if (generation !== current) {
      throw new BrokerError(
        'fenced',
        `group "${group}" is at generation ${current}, not ${generation}: join again`,
      );
    }
  }

  leave(memberId: string): void {
    const session = this.#sessions.get(memberId);
    if (session === undefined) throw unknownMember(this.#options.group, memberId);
    this.#remove(session, unknownMember(this.#options.group, memberId));
    this.#changed();
  }

  /** Leadership is lost: whoever waits is told to look for the new coordinator. */
  close(error: BrokerError): void {
    this.#closed = true;
    this.#deadline?.cancel();
    for (const session of this.#sessions.values()) session.timer.cancel();
    this.#sessions.clear();
    for (const join of this.#joins.values()) join.reject(error);
    this.#joins.clear();
  }

  #changed(): void {
    if (this.#phase === 'committing') {
      this.#again = true;
      return;
    }
    if (this.#phase === 'stable') {
      this.#phase = 'preparing';
      const fresh = (this.#options.committed()?.members.length ?? 0) === 0;
      this.#deadline = this.#options.clock.setTimer(
        fresh ? this.#options.joinDelayMs : this.#rebalanceTimeoutMs(),
        () => this.#commit(),
      );
      if (fresh && this.#sessions.size > 0) return;
    }
    this.#commitIfComplete();
  }

  /** Members hear of the rebalance with their next heartbeat, so one session time is enough. */
  #rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const session of this.#sessions.values()) {
      longest = Math.max(longest, session.sessionTimeoutMs);
    }
    return longest;
  }

  #commitIfComplete(): void {
    const fresh = (this.#options.committed()?.members.length ?? 0) === 0;
    if (fresh && this.#sessions.size > 0) return;
    for (const memberId of this.#sessions.keys()) if (!this.#joins.has(memberId)) return;
    this.#commit();
  }

  #commit(): void {
    assert(this.#phase === 'preparing', `generation committed while ${this.#phase}`);
    this.#deadline?.cancel();
    this.#phase = 'committing';
    this.#again = false;
    for (const session of this.#sessions.values()) {
      if (!this.#joins.has(session.memberId)) this.#remove(session, undefined);
    }
    const joins = new Map(this.#joins);
    this.#joins.clear();
    const { group } = this.#options;
    const current = this.#options.committed();
    const previous = new Map(current?.members.map((m) => [m.memberId, m.partitions]));
    const assignment = assignPartitions(
      [...joins.keys()],
      this.#options.partitionsOf(this.#topic),
      current?.topic === this.#topic ? previous : new Map(),
    );
    const members = [...assignment].map(([memberId, partitions]): GroupMember => {
      const session = this.#sessions.get(memberId);
      assert(session !== undefined, 'a member joined without a session');
      return { memberId, sessionTimeoutMs: session.sessionTimeoutMs, partitions };
    });
    const generation = (current?.generation ?? 0) + 1;
    const command = { type: 'set-group', group, generation, topic: this.#topic, members } as const;
    this.#options.propose(command).then(
      (result) => {
        assert(result.type === 'group', 'a group command was answered by another result');
        this.#committed(joins, result.applied ? members : undefined, generation);
      },
      (error: unknown) => this.#committed(joins, undefined, generation, error),
    );
  }

  #committed(
    joins: ReadonlyMap<string, PendingJoin>,
    members: readonly GroupMember[] | undefined,
    generation: number,
    cause?: unknown,
  ): void {
    const { group } = this.#options;
    if (members === undefined) {
      const error = new BrokerError('rebalancing', `group "${group}" must join again`, { cause });
      for (const join of joins.values()) join.reject(error);
    } else {
      for (const { memberId, partitions } of members) {
        joins.get(memberId)?.resolve({ memberId, generation, partitions });
      }
    }
    if (this.#closed) return;
    for (const memberId of joins.keys()) {
      const session = this.#sessions.get(memberId);
      if (session !== undefined) this.#touch(session);
    }
    this.#phase = 'stable';
    // With nobody left a failed attempt is not made again: the next join makes it.
    const failed = members === undefined && this.#sessions.size > 0;
    if (this.#again || failed) this.#changed();
  }

  #open(memberId: string, sessionTimeoutMs: number): void {
    const seenMs = this.#options.clock.monotonicMs();
    const session: Session = {
      memberId,
      sessionTimeoutMs,
      seenMs,
      dueMs: seenMs + sessionTimeoutMs,
      timer: this.#options.clock.setTimer(sessionTimeoutMs, () => this.#expire(session)),
    };
    this.#sessions.set(memberId, session);
  }

  #touch(session: Session): void {
    session.seenMs = this.#options.clock.monotonicMs();
  }

  #expire(session: Session): void {
    const now = this.#options.clock.monotonicMs();
    const waiting = this.#joins.has(session.memberId) || this.#phase === 'committing';
    if (waiting || now - session.dueMs > stalledMs) session.seenMs = now;
    const leftMs = session.seenMs + session.sessionTimeoutMs - now;
    if (leftMs > 0) {
      session.dueMs = now + leftMs;
      session.timer = this.#options.clock.setTimer(leftMs, () => this.#expire(session));
      return;
    }
    this.#remove(session, undefined);
    this.#changed();
  }

  #remove(session: Session, error: BrokerError | undefined): void {
    session.timer.cancel();
    this.#sessions.delete(session.memberId);
    const join = this.#joins.get(session.memberId);
    this.#joins.delete(session.memberId);
    if (join !== undefined && error !== undefined) join.reject(error);
  }
}

export function unknownMember(group: string, memberId: string): BrokerError {
  return new BrokerError(
    'unknown-member',
    `group "${group}" has no member "${memberId}": join again as a new one`,
  );
}
