// Above 400 lines: all that may change term, vote or role is here, to be read as a whole. What only
// a leader or a follower does, the log as Raft sees it and doubt have files of their own.
import { assert } from '../assert.ts';
import { isSettled } from './doubt.ts';
import type { Doubt } from './doubt.ts';
import { Following } from './following.ts';
import type { Append, Marks } from './following.ts';
import { Leadership } from './leadership.ts';
import type { ReplicationLimits } from './leadership.ts';
import { LogView } from './log-view.ts';
import { majorityOf } from './quorum.ts';
import type {
  Entry,
  HardState,
  Message,
  NodeId,
  RaftLog,
  Ready,
  Role,
  Snapshot,
  SnapshotMark,
} from './types.ts';

export interface RaftOptions {
  readonly id: NodeId;
  /** Everyone who votes, this node included. The first one leads first, if it can. */
  readonly voters: readonly NodeId[];
  readonly log: RaftLog;
  /** As synced, with the incarnation already raised for this life. */
  readonly hardState: HardState;
  /** Known to be committed at the start: the index of the snapshot the machine starts from. */
  readonly commitIndex: number;
  /** Everything up to here is persisted at the start. */
  readonly persistedIndex: number;
  readonly random: { unit(): number };
  /** A follower campaigns after one to two of these without a leader; in milliseconds. */
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Entries are not synced before they count, so a voter may lose what it has acknowledged. */
  readonly mayForget: boolean;
  /** The log was persisted up to here once and came back shorter; see `doubt.ts`. */
  readonly lacksUpTo?: number | undefined;
  readonly limits?: Partial<ReplicationLimits>;
  /** Bytes of the entry with which a leader begins its term; `previous` is not handed out yet. */
  noop(at: {
    readonly term: number;
    readonly index: number;
    readonly previous: Entry | undefined;
  }): Buffer;
}

type VoteRequest = Extract<Message, { type: 'pre-vote' | 'vote' }>;
type VoteResponse = Extract<Message, { type: 'pre-vote-response' | 'vote-response' }>;
type WithoutSender<Each> = Each extends Message ? Omit<Each, 'from'> : never;

/** How many times longer a reluctant node waits: a few elections, split votes included. */
const reluctance = 5;

const limitsByDefault: ReplicationLimits = {
  appendBytesMax: 512 * 1024,
  inFlightMessagesMax: 128,
  inFlightBytesMax: 8 * 1024 * 1024,
};

/**
 * Raft (Ongaro and Ousterhout, 2014; Ongaro's thesis for pre-vote, check-quorum and ReadIndex) as
 * a value: messages and ticks go in, `Ready` comes out. It has no clock, socket or disk, and never
 * looks into an entry. Time is what `tick` says has passed.
 *
 * The shell's turn: `step`, `tick`, `propose` and `persisted` as things happen; then, while
 * `hasWork`, sync `unsyncedHardState`, install `waitingSnapshot`, and carry out `ready()`.
 */
export class Raft {
  readonly id: NodeId;
  readonly #voters: readonly NodeId[];
  readonly #options: RaftOptions;
  readonly #limits: ReplicationLimits;
  readonly #view: LogView;
  #term: number;
  #vote: NodeId;
  #role: Role = 'follower';
  #leader: NodeId = 0;
  readonly #marks: Marks;
  readonly #following: Following;
  #synced: HardState;
  #leadership: Leadership | undefined;
  #votes = new Set<NodeId>();
  /** Since a leader was heard, a vote given, or a campaign begun. */
  #quietMs = 0;
  #sinceCallMs = 0;
  #timeoutMs: number;
  #out: Message[] = [];
  #dirty = false;
  #doubt: Doubt | undefined;
  /**
   * It cannot store what it is given, so another should lead: it campaigns only after a silence in
   * which all others had their turn, and lets go once all it has is committed without its help.
   */
  reluctant = false;

  constructor(options: RaftOptions) {
    assert(options.voters.includes(options.id), 'a replica is one of its voters');
    assert(options.hardState.incarnation > 0, 'the incarnation counts from 1');
    this.id = options.id;
    this.#voters = options.voters;
    this.#options = options;
    this.#limits = { ...limitsByDefault, ...options.limits };
    this.#view = new LogView(options.log);
    this.#term = options.hardState.term;
    this.#vote = options.hardState.vote;
    this.#synced = options.hardState;
    const { commitIndex, persistedIndex } = options;
    assert(commitIndex <= this.#view.lastIndex, 'the commit index is in the log');
    this.#marks = { commitIndex, persistedIndex };
    this.#following = new Following({
      id: options.id,
      incarnation: options.hardState.incarnation,
      view: this.#view,
      marks: this.#marks,
      mayForget: options.mayForget,
    });
    const { lacksUpTo } = options;
    if (lacksUpTo !== undefined) this.#doubt = { term: this.#term, lacksUpTo };
    const fresh = this.#term === 0 && this.#view.lastIndex === 0;
    const first = fresh && options.voters[0] === options.id;
    this.#timeoutMs = this.#alone || first ? 0 : this.#drawTimeout();
  }

  get term(): number {
    return this.#term;
  }

  get role(): Role {
    return this.#role;
  }

  /** 0 = unknown. */
  get leader(): NodeId {
    return this.#leader;
  }

  get commitIndex(): number {
    return this.#marks.commitIndex;
  }

  get lastIndex(): number {
    return this.#view.lastIndex;
  }

  /** The last entry that `ready` has not handed out yet. */
  get lastPending(): Entry | undefined {
    return this.#view.lastPending;
  }

  get hardState(): HardState {
    return { term: this.#term, vote: this.#vote, incarnation: this.#synced.incarnation };
  }

  /** What each follower is known to have, while leading. */
  get progress(): Leadership['progress'] {
    return this.#leadership?.progress ?? [];
  }

  /** It may lack what it vouched for, so it neither votes nor campaigns. */
  get doubtful(): boolean {
    return this.#doubt !== undefined;
  }

  get hasWork(): boolean {
    return this.#dirty;
  }

  /** Must be synced, and reported with `syncedHardState`, before the next `ready`. */
  get unsyncedHardState(): HardState | undefined {
    const same = this.#synced.term === this.#term && this.#synced.vote === this.#vote;
    return same ? undefined : this.hardState;
  }

  syncedHardState(state: HardState): void {
    this.#synced = state;
    this.#dirty = true;
  }

  /** Must be installed, and reported with `installed`, before the next `ready`. */
  get waitingSnapshot(): Snapshot | undefined {
    return this.#following.waitingSnapshot;
  }

  installed(mark: SnapshotMark): void {
    if (this.#following.installed(mark)) this.#dirty = true;
  }

  tick(elapsedMs: number): void {
    const { electionTimeoutMs, heartbeatMs } = this.#options;
    if (this.#leadership !== undefined) {
      const asleep = elapsedMs > electionTimeoutMs && !this.#alone;
      const inTouch = this.#leadership.tick(elapsedMs);
      if (this.#leadership.roundDue) this.#dirty = true;
      const replaceable = this.reluctant && this.#allCommitted && this.#leadership.hasSuccessor;
      if (inTouch && !asleep && !replaceable) return;
      // Others may lead by now; what is queued here must not be served as if nothing happened.
      this.#follow(this.#term, 0);
      this.#dirty = true;
      return;
    }
    // One long tick says that this node slept, not that there is no leader.
    const countedMs = Math.min(elapsedMs, electionTimeoutMs / 2);
    this.#quietMs += countedMs;
    this.#sinceCallMs += countedMs;
    const patience = this.reluctant ? reluctance : 1;
    if (this.doubtful) return;
    if (this.#quietMs >= this.#timeoutMs * patience) this.#campaign('pre-candidate');
    else if (this.#role === 'pre-candidate' && this.#sinceCallMs >= heartbeatMs) this.#callVotes();
  }

  /** Appends to the log of this leader; the caller has put term and index into the bytes. */
  propose(bytes: Buffer): Entry {
    assert(this.#role === 'leader', 'only a leader proposes');
    const entry = { term: this.#term, index: this.#view.lastIndex + 1, bytes };
    this.#view.append(entry);
    this.#dirty = true;
    return entry;
  }

  /** Asks for a linearizable read; answered in a later Ready unless this node stops leading. */
  readIndex(token: number): void {
    assert(this.#leadership !== undefined, 'only a leader reads');
    this.#leadership.read(token, this.#marks.commitIndex);
    this.#dirty = true;
  }

  /** Every entry handed out up to `index` is persisted. */
  persisted(index: number): void {
    if (this.waitingSnapshot !== undefined) return;
    this.#marks.persistedIndex = Math.min(index, this.#view.pendingFrom - 1);
    this.#following.persisted();
    this.#advanceCommit();
    this.#dirty = true;
  }

  /** Answers a load; no entries when they are gone by now. */
  loaded(to: NodeId, from: number, entries: readonly Entry[]): void {
    this.#leadership?.loaded(to, from, entries);
    this.#dirty = true;
  }

  loadedSnapshot(to: NodeId, snapshot: Snapshot): void {
    this.#leadership?.loadedSnapshot(to, snapshot);
    this.#dirty = true;
  }

  step(message: Message): void {
    if (message.to !== this.id || !this.#voters.includes(message.from)) return;
    this.#dirty = true;
    if (message.type === 'pre-vote') return this.#answerPreVote(message);
    if (message.type === 'pre-vote-response' && message.granted) return this.#count(message);
    if (message.term < this.#term) return this.#refuse(message);
    if (message.term > this.#term) {
      if (message.type === 'vote' && this.#hearsLeader) return;
      this.#follow(message.term, 0);
    }
    switch (message.type) {
      case 'vote':
        return this.#answerVote(message);
      case 'vote-response':
        if (message.granted) this.#count(message);
        return;
      case 'append':
        return this.#onAppend(message);
      case 'snapshot':
        return this.#onSnapshot(message);
      case 'append-response':
        this.#leadership?.respond(message);
        return this.#advanceCommit();
      case 'pre-vote-response':
      case 'timeout-now':
        return;
    }
  }

  ready(): Ready {
    assert(this.unsyncedHardState === undefined, 'the hard state is synced first');
    assert(this.waitingSnapshot === undefined, 'the snapshot is installed first');
    this.#dirty = false;
    if (this.#role === 'follower' && this.#leader !== 0) {
      const answer = this.#following.answer(this.#leader, this.#term);
      if (answer !== undefined) this.#out.push(answer);
    }
    const { commitIndex } = this.#marks;
    const lead = this.#leadership?.drain(commitIndex);
    const messages = lead === undefined ? this.#out : this.#out.concat(lead.messages);
    this.#out = [];
    return {
      entries: this.#view.takePending(),
      messages,
      commitIndex,
      reads: lead?.reads ?? [],
      loads: lead?.loads ?? [],
    };
  }

  /** Before that, letting go would only make outcomes unknown; nor could another commit them. */
  get #allCommitted(): boolean {
    return this.#marks.commitIndex === this.#view.lastIndex;
  }

  get #alone(): boolean {
    return this.#voters.length === 1;
  }

  get #hearsLeader(): boolean {
    if (this.#role === 'leader') return true;
    return this.#leader !== 0 && this.#quietMs < this.#options.electionTimeoutMs;
  }

  #drawTimeout(): number {
    return this.#options.electionTimeoutMs * (1 + this.#options.random.unit());
  }

  #send(message: WithoutSender<Message>): void {
    this.#out.push({ ...message, from: this.id } as Message);
  }

  #follow(term: number, leader: NodeId): void {
    assert(term >= this.#term, 'the term never goes back');
    if (term > this.#term) {
      this.#term = term;
      this.#vote = 0;
    }
    this.#role = 'follower';
    this.#leader = leader;
    this.#leadership = undefined;
    this.#votes.clear();
    this.#following.reset();
    this.#quietMs = 0;
    this.#timeoutMs = this.#drawTimeout();
  }

  #campaign(role: 'pre-candidate' | 'candidate'): void {
    const term = role === 'candidate' ? this.#term + 1 : this.#term;
    this.#follow(term, 0);
    this.#role = role;
    if (role === 'candidate') this.#vote = this.id;
    this.#callVotes();
    this.#countFor(this.id);
  }

  #callVotes(): void {
    this.#sinceCallMs = 0;
    this.#dirty = true;
    const real = this.#role === 'candidate';
    for (const to of this.#voters) {
      if (to === this.id || this.#votes.has(to)) continue;
      this.#send({
        type: real ? 'vote' : 'pre-vote',
        to,
        term: real ? this.#term : this.#term + 1,
        lastIndex: this.#view.lastIndex,
        lastTerm: this.#view.lastTerm,
      });
    }
  }

  #count(message: VoteResponse): void {
    const [role, term] =
      message.type === 'vote-response'
        ? (['candidate', this.#term] as const)
        : (['pre-candidate', this.#term + 1] as const);
    if (this.#role === role && message.term === term) this.#countFor(message.from);
  }

  #countFor(voter: NodeId): void {
    this.#votes.add(voter);
    if (this.#votes.size < majorityOf(this.#voters.length)) return;
    if (this.#role === 'candidate') this.#lead();
    else this.#campaign('candidate');
  }

  #lead(): void {
    this.#role = 'leader';
    this.#leader = this.id;
    const { electionTimeoutMs, heartbeatMs, voters } = this.#options;
    this.#leadership = new Leadership({
      id: this.id,
      term: this.#term,
      voters,
      view: this.#view,
      limits: this.#limits,
      electionTimeoutMs,
      heartbeatMs,
    });
    const at = { term: this.#term, index: this.#view.lastIndex + 1 };
    this.propose(this.#options.noop({ ...at, previous: this.#view.lastPending }));
  }

  #upToDate(message: VoteRequest): boolean {
    const lastTerm = this.#view.lastTerm;
    if (message.lastTerm !== lastTerm) return message.lastTerm > lastTerm;
    return message.lastIndex >= this.#view.lastIndex;
  }

  #answerPreVote(message: VoteRequest): void {
    const free = message.term > this.#term && !this.#hearsLeader && !this.doubtful;
    const granted = free && this.#upToDate(message);
    const term = granted ? message.term : this.#term;
    this.#send({ type: 'pre-vote-response', to: message.from, term, granted });
  }

  #answerVote(message: VoteRequest): void {
    const free = this.#vote === 0 || this.#vote === message.from;
    const able = this.#leader === 0 && !this.doubtful;
    const granted = free && able && this.#upToDate(message);
    if (granted) {
      this.#vote = message.from;
      this.#quietMs = 0;
    }
    this.#send({ type: 'vote-response', to: message.from, term: this.#term, granted });
  }

  /** Lets a sender from an earlier term know that it is over. */
  #refuse(message: Message): void {
    if (message.type === 'vote') {
      const { from: to } = message;
      this.#send({ type: 'vote-response', to, term: this.#term, granted: false });
    } else if (message.type === 'append') {
      this.#out.push(this.#following.reject(message, this.#term));
    } else if (message.type === 'snapshot') {
      const { index: prevIndex, term: prevTerm } = message.mark;
      const at = { from: message.from, prevIndex, prevTerm, round: 0 };
      this.#out.push(this.#following.reject(at, this.#term));
    }
  }

  #hear(leader: NodeId): void {
    assert(this.#role !== 'leader', 'a term has one leader');
    if (this.#role !== 'follower' || this.#leader !== leader) this.#follow(this.#term, leader);
    this.#quietMs = 0;
  }

  #onAppend(message: Append): void {
    this.#hear(message.from);
    const rejection = this.#following.append(message);
    if (rejection !== undefined) this.#out.push(rejection);
    else if (this.#doubt !== undefined) this.#settleDoubt(this.#doubt, message);
  }

  #settleDoubt(doubt: Doubt, { term, commitIndex }: Append): void {
    const commitTerm = this.#view.termAt(commitIndex);
    const holds = this.#following.vouchedIndex;
    if (isSettled(doubt, { term, commitIndex, commitTerm, holds })) this.#doubt = undefined;
  }

  #onSnapshot(message: Extract<Message, { type: 'snapshot' }>): void {
    this.#hear(message.from);
    this.#following.snapshot({ mark: message.mark, data: message.data });
  }

  #advanceCommit(): void {
    if (this.#leadership === undefined) return;
    this.#marks.commitIndex = this.#leadership.committed(this.#marks);
  }
}
