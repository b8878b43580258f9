import { assert } from '../assert.ts';
import type { Clock } from '../env/clock.ts';
import { BrokerError } from '../errors.ts';
import type { Requests } from '../protocol/api.ts';
import type { SystemCommand, SystemResult } from './commands.ts';
import { GroupSession, unknownMember, type JoinAnswer } from './group-session.ts';
import type { SystemMachine } from './system.ts';

/**
 * The coordinator of consumer groups: the volatile part that the leader of the system group keeps.
 *
 * Model: a group is a set of members that share the partitions of one topic; each partition has
 * exactly one owner per generation. Who the members are, what they own and the generation go
 * through the system group's log before anybody is told, so that a new coordinator goes on with the
 * same group. Sessions and joins under way are not replicated: after a change of leader every known
 * member gets a fresh session, and whoever waited joins again.
 *
 * Guarantee: at most one member may commit on a partition at a time. The coordinator alone cannot
 * give it, since a paused member may still believe in its seat; the partition does, by refusing
 * cursor commands of a lower generation than the one that opened the cursor last.
 */
export interface CoordinatorOptions {
  readonly clock: Clock;
  readonly machine: SystemMachine;
  /** Resolves with the result once the command is applied; rejects when it may never be. */
  propose(command: SystemCommand): Promise<SystemResult>;
  /** How long a group that was empty waits for more members. Default 100. */
  readonly joinDelayMs?: number;
}

const sessionTimeoutMsMin = 50;
const sessionTimeoutMsMax = 3_600_000;
const nameBytesMax = 255;
const groupsMax = 10_000;
const membersMax = 1_000;

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #groups = new Map<string, GroupSession>();
  #term = 0;
  #members = 0;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  get active(): boolean {
    return this.#term > 0;
  }

  /** This node leads the system group in `term` and has applied an entry of that term. */
  start(term: number): void {
    assert(term > this.#term, 'a coordinator starts once per term');
    this.stop();
    this.#term = term;
    this.#members = 0;
    for (const { group, topic, members } of this.#options.machine.groups()) {
      if (members.length > 0) this.#open(group, topic);
    }
  }

  /** Leadership is lost. */
  stop(): void {
    this.#term = 0;
    for (const session of this.#groups.values()) session.close(notCoordinator());
    this.#groups.clear();
  }

  /** Rejects with `not-coordinator`, `unknown-topic`, `unknown-member`, `rebalancing`, ... */
  async join(request: Requests['joinGroup']['request']): Promise<JoinAnswer> {
    this.#assertActive();
    checkJoin(request);
    const { group, topic, sessionTimeoutMs } = request;
    if (this.#options.machine.topicNamed(topic) === undefined) {
      throw new BrokerError('unknown-topic', `topic "${topic}" does not exist`);
    }
    let session = this.#groups.get(group);
    if (session !== undefined && session.idle && session.topic !== topic) {
      this.#groups.delete(group);
      session = undefined;
    }
    if (session !== undefined && session.topic !== topic) {
      throw new BrokerError(
        'invalid-request',
        `group "${group}" consumes topic "${session.topic}", not "${topic}"`,
      );
    }
    if (request.memberId !== '' && session?.isMember(request.memberId) !== true) {
      throw unknownMember(group, request.memberId);
    }
    session ??= this.#open(group, topic);
    if (request.memberId === '' && session.memberCount >= membersMax) {
      throw new BrokerError('overloaded', `group "${group}" has ${membersMax} members already`);
    }
    // The term makes it unique: a term has one leader.
    const memberId = request.memberId || `member-${this.#term}-${++this.#members}`;
    return session.join(memberId, sessionTimeoutMs);
  }

  /** Throws `not-coordinator`, `unknown-member`, `rebalancing` or `fenced`. */
  heartbeat(request: Requests['heartbeatGroup']['request']): void {
    this.#assertActive();
    const session = this.#groups.get(request.group);
    if (session === undefined) throw unknownMember(request.group, request.memberId);
    session.heartbeat(request.memberId, request.generation);
  }

  /** Throws `not-coordinator` or `unknown-member`. */
  leave(request: Requests['leaveGroup']['request']): void {
    this.#assertActive();
    const session = this.#groups.get(request.group);
    if (session === undefined) throw unknownMember(request.group, request.memberId);
    session.leave(request.memberId);
  }

  #open(group: string, topic: string): GroupSession {
    const { clock, machine } = this.#options;
    if (this.#groups.size >= groupsMax) this.#forgetIdle();
    const known = machine.group(group) !== undefined;
    if (!known && Math.max(this.#groups.size, machine.groupCount) >= groupsMax) {
      throw new BrokerError('overloaded', `the cluster has ${groupsMax} groups already`);
    }
    const session = new GroupSession(
      {
        clock,
        group,
        partitionsOf: (name) => machine.topicNamed(name)?.config.partitions ?? 0,
        committed: () => machine.group(group),
        propose: (command) => this.#options.propose(command),
        joinDelayMs: this.#options.joinDelayMs ?? 100,
      },
      topic,
    );
    this.#groups.set(group, session);
    return session;
  }

  #forgetIdle(): void {
    for (const [group, session] of this.#groups) if (session.idle) this.#groups.delete(group);
  }

  #assertActive(): void {
    if (!this.active) throw notCoordinator();
  }
}

function notCoordinator(): BrokerError {
  return new BrokerError('not-coordinator', 'this node does not lead the system group');
}

function checkJoin(request: Requests['joinGroup']['request']): void {
  const { group, sessionTimeoutMs } = request;
  if (group === '' || Buffer.byteLength(group) > nameBytesMax) {
    throw new BrokerError('invalid-request', `a group name has 1 to ${nameBytesMax} bytes`);
  }
  if (!(sessionTimeoutMs >= sessionTimeoutMsMin && sessionTimeoutMs <= sessionTimeoutMsMax)) {
    throw new BrokerError(
      'invalid-request',
      `sessionTimeoutMs must be ${sessionTimeoutMsMin} to ${sessionTimeoutMsMax}`,
    );
  }
}
