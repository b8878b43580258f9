// Above 400 lines: it is one turn, and the order of its steps is what keeps the promises. Applying,
// reads, loads for peers, failures and snapshot frames have files of their own.
import type { Env } from '../env/env.ts';
import { BrokerError } from '../errors.ts';
import { isDiskFull } from '../log/durable.ts';
import { HardStateFile } from '../log/hard-state.ts';
import { Log } from '../log/log.ts';
import type { FlushPolicy, LogOptions } from '../log/log.ts';
import { assignBatch, BatchKind, createBatch } from '../protocol/batch.ts';
import { readU32, readU64 } from '../protocol/integers.ts';
import { Raft } from '../raft/raft.ts';
import type { Entry, HardState, Load, Message, Role, Snapshot } from '../raft/types.ts';
import { Applier } from './applier.ts';
import { PeerLoads } from './peer-loads.ts';
import { Reads } from './reads.ts';
import { replicaFailure } from './replica-failure.ts';
import type { ReplicaLog } from './replica-log.ts';
import { unpackSnapshot } from './snapshot-frame.ts';
import type { StateMachine } from './state-machine.ts';

export interface ReplicaOptions {
  readonly env: Env;
  readonly groupId: number;
  readonly nodeId: number;
  /** Every replica of the group; the first one leads a fresh group if it can. */
  readonly voters: readonly number[];
  readonly directory: string;
  readonly flush: FlushPolicy;
  readonly segmentBytes: number;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly cacheBytes: number;
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly machine: StateMachine;
  /** Hands a message to the network; it may be lost, late, doubled or out of order. */
  readonly send: (message: Message) => void;
  readonly openLog?: (options: LogOptions) => Promise<ReplicaLog>;
  /** Something of role, term, leader, persisted, commit or applied index moved; once per turn. */
  readonly onAdvance: () => void;
  /** The replica has stopped for good, and why; its log can still be read. */
  readonly onFailed: (error: BrokerError) => void;
  /** Entries from here on are gone from the log, applied ones perhaps among them. */
  readonly onTruncate?: (fromIndex: number) => void;
}

const retentionEveryMs = 500;
const fullRetryMs = 200;

/**
 * One Raft group on one node: consensus, log and state machine, wired over parts that are passed
 * in, so that the same code runs in a server and in the simulator. What happens within one turn of
 * the event loop (proposals, messages, completions) is handled by one pass at its end.
 */
export class Replica {
  readonly log: ReplicaLog;
  readonly machine: StateMachine;
  readonly #options: ReplicaOptions;
  readonly #hardState: HardStateFile;
  readonly #raft: Raft;
  readonly #applier: Applier;
  readonly #loads: PeerLoads;
  readonly #reads = new Reads();
  /** Where the next record of this leader goes. */
  #nextOffset = 0;
  #lastTickMs: number;
  #sinceRetentionMs = 0;
  #passDue = false;
  /** A sync of the hard state or an install is under way; nothing else may be acted on. */
  #busy = false;
  /** The hard state found no space: nothing is promised to anyone until it has. */
  #mute = false;
  /** The log's own mark still says that it lacks something. */
  #doubtful = false;
  #stopped: BrokerError | undefined;
  /** As last announced. */
  #seen: Pick<
    Replica,
    'role' | 'term' | 'leader' | 'commitIndex' | 'persistedIndex' | 'appliedIndex'
  > = { role: 'follower', term: 0, leader: 0, commitIndex: 0, persistedIndex: 0, appliedIndex: 0 };

  /**
   * Recovers the replica from its directory. Rejects with a BrokerError (`corrupt-log`,
   * `disk-failed`, `disk-full`) when it cannot.
   */
  static async open(options: ReplicaOptions): Promise<Replica> {
    try {
      return await Replica.#recover(options);
    } catch (error) {
      throw replicaFailure(error);
    }
  }

  static async #recover(options: ReplicaOptions): Promise<Replica> {
    const { env, directory } = options;
    const hardState = await HardStateFile.open(env.disk, directory);
    const { term, vote, incarnation } = hardState.state;
    await hardState.save({ term, vote, incarnation: incarnation + 1 });
    const opened: { replica?: Replica } = {};
    const log = await (options.openLog ?? ((parts) => Log.open(parts)))({
      disk: env.disk,
      clock: env.clock,
      directory,
      flush: options.flush,
      segmentBytes: options.segmentBytes,
      retentionBytes: options.retentionBytes,
      retentionMs: options.retentionMs,
      cacheBytes: options.cacheBytes,
      onPersisted: (index) => {
        if (opened.replica !== undefined) opened.replica.#persisted(index);
      },
      onFailed: (error) => {
        if (opened.replica !== undefined) opened.replica.#logFailed(error);
      },
    });
    if (log.recovery.lacksUpTo !== undefined && options.voters.length === 1) {
      await log.close();
      throw lostForGood(directory, log);
    }
    const applier = new Applier({ log, machine: options.machine });
    await applier.recover();
    const replica = new Replica(options, { hardState, log, applier });
    opened.replica = replica;
    replica.#schedulePass();
    return replica;
  }

  private constructor(
    options: ReplicaOptions,
    parts: { hardState: HardStateFile; log: ReplicaLog; applier: Applier },
  ) {
    this.#options = options;
    this.#hardState = parts.hardState;
    this.log = parts.log;
    this.machine = options.machine;
    this.#applier = parts.applier;
    this.#applier.onMoved = () => this.#schedulePass();
    this.#applier.onFailed = (error) => this.#stop(error);
    this.#lastTickMs = options.env.clock.monotonicMs();
    this.#raft = new Raft({
      id: options.nodeId,
      voters: options.voters,
      log: parts.log,
      hardState: parts.hardState.state,
      commitIndex: parts.applier.appliedIndex,
      persistedIndex: parts.log.persistedIndex,
      random: options.env.random,
      electionTimeoutMs: options.electionTimeoutMs,
      heartbeatMs: options.heartbeatMs,
      mayForget: options.flush.mode !== 'sync',
      lacksUpTo: parts.log.recovery.lacksUpTo,
      noop: (at) => this.#firstOfTerm(at),
    });
    this.#doubtful = this.#raft.doubtful;
    this.#loads = new PeerLoads({ log: parts.log, applier: parts.applier, raft: this.#raft });
  }

  get role(): Role {
    return this.#silent ? 'follower' : this.#raft.role;
  }

  get term(): number {
    return this.#raft.term;
  }

  /** 0 = unknown. */
  get leader(): number {
    return this.#silent ? 0 : this.#raft.leader;
  }

  get commitIndex(): number {
    return this.#raft.commitIndex;
  }

  get appliedIndex(): number {
    return this.#applier.appliedIndex;
  }

  get persistedIndex(): number {
    return this.log.persistedIndex;
  }

  /** Including what was proposed in this turn. */
  get lastIndex(): number {
    return this.#raft.lastIndex;
  }

  /** In the log and not applied yet: what a server bounds. */
  get unappliedBytes(): number {
    return this.#applier.queuedBytes;
  }

  /** Writes wait for space: nothing more should be proposed, reads go on. */
  get diskFull(): boolean {
    return this.#mute || this.log.diskFull;
  }

  /** Why it has stopped, if it has. */
  get failure(): BrokerError | undefined {
    return this.#stopped;
  }

  step(message: Message): void {
    if (this.#silent) return;
    this.#noticePause();
    this.#guard(() => this.#raft.step(message));
    this.#schedulePass();
  }

  /** To be called every so often, at least a few times per heartbeat. */
  tick(elapsedMs: number): void {
    if (this.#silent) return;
    this.#lastTickMs = this.#options.env.clock.monotonicMs();
    this.#raft.reluctant = this.log.diskFull;
    this.#guard(() => this.#raft.tick(elapsedMs));
    this.#sinceRetentionMs += elapsedMs;
    if (this.#sinceRetentionMs >= retentionEveryMs) {
      this.#sinceRetentionMs = 0;
      this.log.setRetainLimit(this.appliedIndex + 1);
      this.log.retain(this.#options.env.clock.wallMs());
    }
    if (this.#raft.hasWork) this.#schedulePass();
  }

  /**
   * Appends a sealed batch, and fills the broker's fields in its bytes, which then belong to the
   * log. `undefined`: this node does not lead, and nothing was appended. A leader accepts from the
   * first moment of its term; whoever needs the state of all earlier entries waits until
   * `appliedIndex` has reached an entry of `term`.
   */
  propose(batch: Buffer): { index: number; term: number; baseOffset: number } | undefined {
    if (this.#silent) return undefined;
    // Once a turn: what was looked at before the first batch of a chunk holds for the others.
    if (!this.#passDue) this.#noticePause();
    const raft = this.#raft;
    if (raft.role !== 'leader') return undefined;
    const at = { index: raft.lastIndex + 1, term: raft.term, baseOffset: this.#nextOffset };
    assignBatch(batch, at);
    this.#nextOffset += recordCount(batch);
    raft.propose(batch);
    this.#schedulePass();
    return at;
  }

  /**
   * An index such that a state at it or later is up to date as of this call; this replica has
   * applied it. Rejects with `not-leader` when this node does not lead, or no longer.
   */
  readIndex(): Promise<number> {
    if (!this.#silent) this.#noticePause();
    if (this.#silent || this.#raft.role !== 'leader') {
      return Promise.reject(new BrokerError('not-leader', 'this node does not lead the group'));
    }
    const { token, promise } = this.#reads.ask(this.#raft.term);
    this.#raft.readIndex(token);
    this.#schedulePass();
    return promise;
  }

  /** Stops at once; what waits in the log's buffers is written and synced. */
  async close(): Promise<void> {
    this.#halt(new BrokerError('shutting-down', 'the replica is closed'));
    await this.log.close();
    await this.#hardState.close();
  }

  /** Stopped for good, or mute for now: it neither hears nor says anything. */
  get #silent(): boolean {
    return this.#mute || this.#stopped !== undefined;
  }

  #persisted(index: number): void {
    if (this.#stopped !== undefined) return;
    this.#raft.persisted(index);
    this.#schedulePass();
  }

  #logFailed(error: BrokerError): void {
    if (error.code === 'disk-full') this.#options.onAdvance();
    else this.#stop(error);
  }

  /** A long gap since the last tick: this process was paused, and must not act as it was. */
  #noticePause(): void {
    if (this.#raft.role !== 'leader') return;
    const nowMs = this.#options.env.clock.monotonicMs();
    const gapMs = nowMs - this.#lastTickMs;
    if (gapMs <= this.#options.electionTimeoutMs) return;
    this.#lastTickMs = nowMs;
    this.#raft.tick(gapMs);
  }

  #schedulePass(): void {
    if (this.#passDue || this.#busy || this.#stopped !== undefined) return;
    this.#passDue = true;
    this.#options.env.clock.defer(() => {
      this.#passDue = false;
      this.#guard(() => this.#pass());
    });
  }

  #pass(): void {
    const raft = this.#raft;
    while (raft.hasWork && this.#stopped === undefined) {
      const state = raft.unsyncedHardState;
      const snapshot = raft.waitingSnapshot;
      if (state !== undefined) return this.#alone(() => this.#saveHardState(state));
      if (snapshot !== undefined) return this.#alone(() => this.#install(snapshot));
      this.#carryOut();
    }
    if (this.#stopped !== undefined) return;
    if (this.#doubtful && !raft.doubtful) this.#trustLog();
    this.#applier.advance(raft.commitIndex);
    this.#reads.settle(this.#applier.appliedIndex);
    if (raft.role !== 'leader') this.#reads.reject();
    else this.#reads.rejectBefore(raft.term);
    this.#announce();
  }

  /** Nothing else is acted on until `work` is done: what it makes durable comes first. */
  #alone(work: () => Promise<void>): void {
    this.#busy = true;
    work().then(
      () => {
        this.#busy = false;
        this.#schedulePass();
      },
      (error: unknown) => this.#stop(replicaFailure(error)),
    );
  }

  async #saveHardState(state: HardState): Promise<void> {
    try {
      await this.#hardState.save(state);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      return this.#waitForSpace();
    }
    this.#mute = false;
    this.#raft.syncedHardState(state);
  }

  /** Without it no vote and no term counts. What is committed can be read; then it tries again. */
  async #waitForSpace(): Promise<void> {
    if (!this.#mute) {
      this.#mute = true;
      this.#reads.reject();
      this.#options.onAdvance();
    }
    await new Promise<void>((resolve) => {
      this.#options.env.clock.setTimer(fullRetryMs, resolve);
    });
  }

  async #install(snapshot: Snapshot): Promise<void> {
    const { nextOffset, data } = unpackSnapshot(snapshot.data);
    this.#options.onTruncate?.(snapshot.mark.index + 1);
    this.#applier.reset();
    await this.log.install({ mark: snapshot.mark, nextOffset, data });
    this.#applier.restart({ mark: snapshot.mark, data });
    this.#raft.installed(snapshot.mark);
  }

  #trustLog(): void {
    this.#doubtful = false;
    this.log.trust().catch((error: unknown) => this.#stop(replicaFailure(error)));
  }

  #carryOut(): void {
    const ready = this.#raft.ready();
    const first = ready.entries[0];
    if (first !== undefined) {
      if (first.index <= this.log.lastIndex) {
        this.log.truncateAfter(first.index - 1);
        this.#applier.truncateAfter(first.index - 1);
        this.#options.onTruncate?.(first.index);
      }
      this.log.append(ready.entries);
      this.#applier.push(ready.entries);
    }
    for (const message of ready.messages) this.#options.send(message);
    for (const read of ready.reads) this.#reads.safe(read.token, read.index);
    for (const load of ready.loads) this.#load(load);
  }

  #load(load: Load): void {
    this.#loads.serve(load).then(
      () => this.#schedulePass(),
      (error: unknown) => this.#stop(replicaFailure(error)),
    );
  }

  #firstOfTerm(at: { term: number; index: number; previous: Entry | undefined }): Buffer {
    this.#nextOffset =
      at.previous === undefined
        ? this.log.nextOffset
        : readU64(at.previous.bytes, 8) + recordCount(at.previous.bytes);
    const batch = createBatch({ kind: BatchKind.noop }, Buffer.alloc(0));
    assignBatch(batch, { term: at.term, index: at.index, baseOffset: this.#nextOffset });
    return batch;
  }

  #announce(): void {
    const { role, term, leader, commitIndex } = this.#raft;
    const { persistedIndex, appliedIndex } = this;
    const seen = this.#seen;
    const same =
      seen.commitIndex === commitIndex &&
      seen.persistedIndex === persistedIndex &&
      seen.appliedIndex === appliedIndex &&
      seen.role === role &&
      seen.term === term &&
      seen.leader === leader;
    if (same) return;
    this.#seen = { role, term, leader, commitIndex, persistedIndex, appliedIndex };
    this.#options.onAdvance();
  }

  /** A broken invariant stops this replica, not the node. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#stop(replicaFailure(error));
    }
  }

  #stop(error: BrokerError): void {
    if (this.#stopped !== undefined) return;
    this.#halt(error);
    this.#options.onFailed(error);
  }

  #halt(error: BrokerError): void {
    this.#stopped ??= error;
    this.#applier.stop();
    this.#reads.reject();
  }
}

function lostForGood(directory: string, { lastIndex, recovery }: ReplicaLog): BrokerError {
  const { lacksUpTo = 0 } = recovery;
  const was = Number.isFinite(lacksUpTo)
    ? `it was synced up to ${lacksUpTo}`
    : 'how far it was synced is not known any more';
  const what = `the log in ${directory} ends at index ${lastIndex}, but ${was}`;
  const next = 'There is no other replica to get it from: restore the directory.';
  return new BrokerError('corrupt-log', `${what}. ${next}`);
}

function recordCount(batch: Buffer): number {
  return readU32(batch, 56);
}
