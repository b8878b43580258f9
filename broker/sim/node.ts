import type { Env } from '../env/env.ts';
import { SimDisk } from '../env/sim/disk.ts';
import type { SimNetwork } from '../env/sim/network.ts';
import { SimProcess } from '../env/sim/process.ts';
import type { SimRandom } from '../env/sim/random.ts';
import type { SimScheduler } from '../env/sim/scheduler.ts';
import type { BrokerError } from '../errors.ts';
import type { LogOptions } from '../log/log.ts';
import { ProducerGate } from '../partition/producer-gate.ts';
import { readBatchHeader } from '../protocol/batch.ts';
import type { Message } from '../raft/types.ts';
import type { ReplicaLog } from '../server/replica-log.ts';
import { Replica } from '../server/replica.ts';
import type { Invariants } from './invariants.ts';
import { SimMachine } from './machine.ts';
import type { OnApplied } from './machine.ts';
import { electionTimeoutMs, heartbeatMs } from './plan.ts';
import type { SimPlan } from './plan.ts';

const tickMs = 10;
const tornBytesMax = 1_500;

/** Parts to put in place of the real ones, to see that the simulation notices. */
export interface SimParts {
  readonly openLog?: (options: LogOptions) => Promise<ReplicaLog>;
  /** Between sender and network; undefined = swallowed. */
  readonly rewrite?: (message: Message) => Message | undefined;
  readonly machine?: (onApplied: OnApplied) => SimMachine;
  /** What this node calls acked, given what it has persisted and committed. */
  readonly ackIndex?: (replica: Replica) => number;
}

export type Answer =
  | {
      readonly kind: 'acked';
      readonly index: number;
      readonly term: number;
      readonly offset: number;
      /** Of the leader that acks. */
      readonly inTerm: number;
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'error'; readonly code: string; readonly detail: number | undefined };

interface Waiter {
  readonly index: number;
  readonly term: number;
  readonly offset: number;
  readonly done: (answer: Answer) => void;
}

export interface SimNodeOptions {
  readonly id: number;
  readonly plan: SimPlan;
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly random: SimRandom;
  readonly invariants: Invariants;
  readonly parts: SimParts;
  readonly send: (message: Message) => void;
  readonly note: (line: string) => void;
  /** It has applied an entry of the term it leads, so it has applied all there was before. */
  readonly onIdled: (node: SimNode, sinceMs: number) => void;
  readonly onServing: (node: SimNode) => void;
}

/**
 * One node of a simulated cluster: a process and a disk that can be hurt, the real replica over
 * them, and what a server adds for its clients: the producers' gate, and acks as the replication
 * mode promises them.
 */
export class SimNode {
  readonly id: number;
  readonly process: SimProcess;
  readonly disk: SimDisk;
  readonly #options: SimNodeOptions;
  #replica: Replica | undefined;
  #machine: SimMachine | undefined;
  #gate: ProducerGate | undefined;
  #waiters: Waiter[] = [];
  #leadingTerm = 0;
  #gateOpen = false;
  #up = false;
  #life = 0;
  /** The disk was made to fail, so that stopping is right. */
  diskIsBad = false;
  /** When it stopped or was paused; undefined while it runs. */
  idleSinceMs: number | undefined = 0;

  constructor(options: SimNodeOptions) {
    this.id = options.id;
    this.#options = options;
    this.process = new SimProcess(options.scheduler);
    this.disk = new SimDisk({ scheduler: this.process, random: options.random.fork() });
  }

  /** Counts its starts. */
  get life(): number {
    return this.#life;
  }

  /** The process runs, paused or not. */
  get up(): boolean {
    return this.#up;
  }

  /** Undefined while it is down or opens. */
  get replica(): Replica | undefined {
    return this.#replica;
  }

  get machine(): SimMachine | undefined {
    return this.#machine;
  }

  /** The term in which it admits producers; 0 = it does not. */
  get servingTerm(): number {
    return this.#gateOpen ? this.#leadingTerm : 0;
  }

  get leads(): boolean {
    return this.#leadingTerm !== 0 && this.#replica?.role === 'leader';
  }

  start(): void {
    this.#up = true;
    this.#life++;
    this.#note('starts');
    void this.#open().catch((error: unknown) => {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (this.diskIsBad) this.#note('cannot start on its bad disk');
      else this.#options.invariants.fail(`node ${this.id} cannot start: ${why}`);
    });
  }

  /** `kill -9`: what was written stays. */
  kill(): void {
    if (this.#up) this.#note('is killed');
    this.#end();
    this.disk.kill(this.#options.random);
  }

  /** `kill -9`, and the end of its log goes with it, unless it could not know that it had it. */
  tearTail(): void {
    const whole = this.#replica !== undefined && !this.diskIsBad;
    this.kill();
    if (!whole) return;
    const bytes = 1 + this.#options.random.below(tornBytesMax);
    this.#note(`finds the last ${bytes} bytes of its log gone`);
    this.disk.tearTail('group-1', { ending: '.log', bytes, sparing: 64 });
  }

  /** The page cache is gone as well. */
  cutPower(): void {
    this.#note('loses power');
    this.#end();
    this.disk.crash(this.#options.random);
    this.disk.failSyncs(0);
    this.diskIsBad = false;
  }

  pause(): void {
    if (!this.#up || this.process.paused) return;
    this.#note('is paused');
    this.process.pause();
    this.#idles();
  }

  resume(): void {
    if (!this.process.paused) return;
    this.#note('goes on');
    this.process.resume();
    if (this.#replica?.failure === undefined) this.#runs();
  }

  receive(message: Message): void {
    this.process.bind(() => this.#replica?.step(message))();
  }

  /** What a server does with a produce request; `done` is called once, perhaps at once or never. */
  produce(batch: Buffer, done: (answer: Answer) => void): void {
    this.process.bind(() => this.#produce(batch, done))();
  }

  async #open(): Promise<void> {
    const { plan, parts, random, network, scheduler } = this.#options;
    const env: Env = {
      clock: this.process,
      disk: this.disk,
      network: network.host(`node-${this.id}`, this.process),
      random: random.fork(),
    };
    const onApplied: OnApplied = (entry, digest) => {
      const node = { id: this.id, term: this.#replica?.term ?? 0 };
      this.#options.invariants.applied(node, entry, digest);
    };
    const machine = parts.machine?.(onApplied) ?? new SimMachine(onApplied);
    const replica = await Replica.open({
      env,
      groupId: 1,
      nodeId: this.id,
      voters: plan.voters,
      directory: 'group-1',
      flush: { mode: plan.flush, intervalMs: plan.flushIntervalMs },
      segmentBytes: plan.segmentBytes,
      retentionBytes: plan.retentionBytes,
      retentionMs: 0,
      cacheBytes: plan.cacheBytes,
      electionTimeoutMs,
      heartbeatMs,
      machine,
      send: (message) => this.#send(message),
      ...(parts.openLog === undefined ? {} : { openLog: parts.openLog }),
      onAdvance: () => this.#moved(),
      onFailed: (error) => this.#failed(error),
      onTruncate: (index) => this.#note(`cuts its log from index ${index}`),
    });
    this.#machine = machine;
    this.#gate = new ProducerGate(machine);
    this.#replica = replica;
    this.#runs();
    this.#note(`has its log up to index ${replica.lastIndex}`);
    this.#tickFrom(scheduler.nowMs());
  }

  #tickFrom(lastMs: number): void {
    this.process.setTimer(tickMs, () => {
      const nowMs = this.process.monotonicMs();
      this.#replica?.tick(nowMs - lastMs);
      this.#tickFrom(nowMs);
    });
  }

  #send(message: Message): void {
    const rewritten = this.#options.parts.rewrite;
    const sent = rewritten === undefined ? message : rewritten(message);
    if (sent !== undefined) this.#options.send(sent);
  }

  #produce(batch: Buffer, done: (answer: Answer) => void): void {
    const replica = this.#replica;
    const gate = this.#gate;
    const admits = this.#gateOpen && this.leads && replica?.diskFull === false;
    if (replica === undefined || gate === undefined || !admits) {
      return done({ kind: 'refused' });
    }
    const header = readBatchHeader(batch);
    const admission = gate.admit(header);
    if (admission.kind === 'error') {
      return done({ kind: 'error', code: admission.code, detail: admission.detail });
    }
    if (admission.kind === 'duplicate') {
      const { index, term, baseOffset } = admission;
      return this.#await({ index, term, offset: baseOffset, done });
    }
    const placed = replica.propose(batch);
    if (placed === undefined) return done({ kind: 'refused' });
    gate.appended(header, placed);
    this.#await({ index: placed.index, term: placed.term, offset: placed.baseOffset, done });
  }

  #await(waiter: Waiter): void {
    if (waiter.index <= this.#ackIndex) this.#ack(waiter);
    else this.#waiters.push(waiter);
  }

  get #ackIndex(): number {
    const replica = this.#replica;
    if (replica === undefined) return 0;
    const { ackIndex } = this.#options.parts;
    if (ackIndex !== undefined) return ackIndex(replica);
    return this.#options.plan.replication === 'async'
      ? Math.max(replica.persistedIndex, replica.commitIndex)
      : replica.commitIndex;
  }

  #ack({ index, term, offset, done }: Waiter): void {
    done({ kind: 'acked', index, term, offset, inTerm: this.#leadingTerm });
  }

  #moved(): void {
    const replica = this.#replica;
    if (replica === undefined) return;
    const { id } = this;
    const { role, term, commitIndex, log } = replica;
    const termAt = (index: number): number | undefined => log.termAt(index);
    const { firstIndex } = log;
    this.#options.invariants.moved({ id, role, term, commitIndex, firstIndex, termAt });
    const leadingTerm = role === 'leader' ? term : 0;
    if (leadingTerm !== this.#leadingTerm) this.#roleChanged(leadingTerm);
    if (leadingTerm !== 0) this.#answerWaiters(replica);
  }

  #answerWaiters(replica: Replica): void {
    if (!this.#gateOpen && replica.log.termAt(replica.appliedIndex) === this.#leadingTerm) {
      this.#gate?.reset([]);
      this.#gateOpen = true;
      this.#options.onServing(this);
    }
    const ackIndex = this.#ackIndex;
    if (!this.#waiters.some((waiter) => waiter.index <= ackIndex)) return;
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => waiter.index > ackIndex);
    for (const waiter of waiting) if (waiter.index <= ackIndex) this.#ack(waiter);
  }

  #roleChanged(leadingTerm: number): void {
    this.#note(leadingTerm === 0 ? 'no longer leads' : `leads term ${leadingTerm}`);
    this.#leadingTerm = leadingTerm;
    this.#gateOpen = false;
    this.#gate?.drop();
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) waiter.done({ kind: 'unknown' });
  }

  #failed(error: BrokerError): void {
    this.#note(`stops: ${error.message}`);
    this.#idles();
    this.#roleChanged(0);
    if (!this.diskIsBad) {
      const cause = error.cause instanceof Error ? `\n${error.cause.stack}` : '';
      this.#options.invariants.fail(`node ${this.id} stopped: ${error.message}${cause}`);
    }
  }

  #end(): void {
    this.process.kill();
    this.#options.network.reset(this.process);
    this.#up = false;
    this.#replica = undefined;
    this.#machine = undefined;
    this.#gate = undefined;
    this.#waiters = [];
    this.#leadingTerm = 0;
    this.#gateOpen = false;
    this.#idles();
  }

  #idles(): void {
    this.idleSinceMs ??= this.#options.scheduler.nowMs();
  }

  #runs(): void {
    if (this.idleSinceMs === undefined) return;
    this.#options.onIdled(this, this.idleSinceMs);
    this.idleSinceMs = undefined;
  }

  #note(what: string): void {
    this.#options.note(`node ${this.id} ${what}`);
  }
}
