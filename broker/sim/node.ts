import type { Disk } from '../env/disk.ts';
import type { Env } from '../env/env.ts';
import { SimDisk } from '../env/sim/disk.ts';
import type { SimNetwork } from '../env/sim/network.ts';
import { SimProcess } from '../env/sim/process.ts';
import type { SimRandom } from '../env/sim/random.ts';
import type { SimScheduler } from '../env/sim/scheduler.ts';
import type { BrokerError, BrokerErrorCode } from '../errors.ts';
import type { LogOptions } from '../log/log.ts';
import type { ReplicationMode, TopicConfig } from '../protocol/api.ts';
import type { Message } from '../raft/types.ts';
import { HostedPartition } from '../server/hosted-partition.ts';
import { Metrics } from '../server/metrics.ts';
import type { ProduceRequest } from '../server/produce-path.ts';
import type { ReplicaLog } from '../server/replica-log.ts';
import type { Replica } from '../server/replica.ts';
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
  /** Around a node's disk, anew at each of its starts. */
  readonly disk?: (disk: Disk) => Disk;
  /** Between sender and network; undefined = swallowed. */
  readonly rewrite?: (message: Message) => Message | undefined;
  readonly machine?: (onApplied: OnApplied) => SimMachine;
  /** What the nodes take the topic's replication mode for. */
  readonly replication?: ReplicationMode;
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
 * One node of a simulated cluster: a process and a disk that can be hurt, and over them a partition
 * as the server hosts it, from the produce request to its ack. What is missing is the wire.
 */
export class SimNode {
  readonly id: number;
  readonly process: SimProcess;
  readonly disk: SimDisk;
  readonly #options: SimNodeOptions;
  #hosted: HostedPartition | undefined;
  #machine: SimMachine | undefined;
  /** As seen when the replica last moved. */
  #leadingTerm = 0;
  #servingTerm = 0;
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
    return this.#hosted?.replica;
  }

  get machine(): SimMachine | undefined {
    return this.#machine;
  }

  /** The term in which it admits producers; 0 = it does not. */
  get servingTerm(): number {
    return this.#servingTerm;
  }

  get leads(): boolean {
    return this.#leadingTerm !== 0 && this.replica?.role === 'leader';
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
    const whole = this.#hosted !== undefined && !this.diskIsBad;
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
    if (this.#hosted?.failure === undefined) this.#runs();
  }

  receive(message: Message): void {
    this.process.bind(() => this.#hosted?.step(message))();
  }

  /** What a server does with a produce request; `done` is called once, perhaps at once or never. */
  produce(batch: Buffer, done: (answer: Answer) => void): void {
    this.process.bind(() => this.#produce(batch, done))();
  }

  async #open(): Promise<void> {
    const { plan, parts, random, network, scheduler } = this.#options;
    const env: Env = {
      clock: this.process,
      disk: parts.disk?.(this.disk) ?? this.disk,
      network: network.host(`node-${this.id}`, this.process),
      random: random.fork(),
    };
    const onApplied: OnApplied = (entry, digest) => {
      const node = { id: this.id, term: this.replica?.term ?? 0 };
      this.#options.invariants.applied(node, entry, digest);
    };
    const machine = parts.machine?.(onApplied) ?? new SimMachine(onApplied);
    const hosted = await HostedPartition.open({
      groupId: 1,
      config: this.#topic,
      metrics: new Metrics(),
      wrap: { partitionMachine: () => machine },
      replica: {
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
        send: (message) => this.#send(message),
        ...(parts.openLog === undefined ? {} : { openLog: parts.openLog }),
        onTruncate: (index) => this.#note(`cuts its log from index ${index}`),
      },
      onAnswered: () => this.#moved(),
      onFailed: (error) => this.#failed(error),
    });
    this.#machine = machine;
    this.#hosted = hosted;
    this.#runs();
    this.#note(`has its log up to index ${hosted.replica.lastIndex}`);
    this.#moved();
    this.#tickFrom(scheduler.nowMs());
  }

  get #topic(): TopicConfig {
    const { plan, parts } = this.#options;
    const { flush, flushIntervalMs, segmentBytes, retentionBytes } = plan;
    const replication = parts.replication ?? plan.replication;
    const replicas = plan.voters.length;
    const whole = { name: 'simulated', partitions: 1, replicas, flush, flushIntervalMs };
    return { ...whole, replication, segmentBytes, retentionBytes, retentionMs: 0 };
  }

  #tickFrom(lastMs: number): void {
    this.process.setTimer(tickMs, () => {
      const nowMs = this.process.monotonicMs();
      this.#hosted?.tick(nowMs - lastMs);
      this.#tickFrom(nowMs);
    });
  }

  #send(message: Message): void {
    const rewritten = this.#options.parts.rewrite;
    const sent = rewritten === undefined ? message : rewritten(message);
    if (sent !== undefined) this.#options.send(sent);
  }

  #produce(batch: Buffer, done: (answer: Answer) => void): void {
    if (this.#hosted === undefined) return done({ kind: 'refused' });
    let answers = 0;
    const answer = (given: Answer): void => {
      if (++answers > 1) this.#options.invariants.fail('a produce request is answered twice');
      done(given);
    };
    const receiver = {
      begin: () => {},
      answerProduce: (_id: number, offset: number, term: number) => {
        answer({ kind: 'acked', index: request.index, term, offset, inTerm: this.#leadingTerm });
      },
      answerError: (_id: number, code: BrokerErrorCode, _why: string, detail?: number) => {
        answer(answerFor(code, detail));
      },
      finish: () => {},
    };
    const bytes = batch.length;
    const request: ProduceRequest = {
      receiver,
      correlationId: 0,
      bytes,
      index: 0,
      term: 0,
      baseOffset: 0,
    };
    this.#hosted.produce(batch, request);
  }

  #moved(): void {
    const hosted = this.#hosted;
    if (hosted === undefined) return;
    const { id } = this;
    const { role, term, commitIndex, log } = hosted.replica;
    const termAt = (index: number): number | undefined => log.termAt(index);
    const { firstIndex } = log;
    this.#options.invariants.moved({ id, role, term, commitIndex, firstIndex, termAt });
    this.#leads(hosted);
  }

  #leads({ leadingTerm, servingTerm }: Pick<HostedPartition, 'leadingTerm' | 'servingTerm'>): void {
    if (leadingTerm !== this.#leadingTerm) {
      this.#note(leadingTerm === 0 ? 'no longer leads' : `leads term ${leadingTerm}`);
    }
    this.#leadingTerm = leadingTerm;
    if (servingTerm === this.#servingTerm) return;
    this.#servingTerm = servingTerm;
    if (servingTerm !== 0) this.#options.onServing(this);
  }

  #failed(error: BrokerError): void {
    this.#note(`stops: ${error.message}`);
    this.#idles();
    this.#leads({ leadingTerm: 0, servingTerm: 0 });
    if (!this.diskIsBad) {
      const cause = error.cause instanceof Error ? `\n${error.cause.stack}` : '';
      this.#options.invariants.fail(`node ${this.id} stopped: ${error.message}${cause}`);
    }
  }

  #end(): void {
    this.process.kill();
    this.#options.network.reset(this.process);
    this.#up = false;
    this.#hosted = undefined;
    this.#machine = undefined;
    this.#leadingTerm = 0;
    this.#servingTerm = 0;
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

function answerFor(code: BrokerErrorCode, detail: number | undefined): Answer {
  switch (code) {
    case 'sequence-gap':
    case 'sequence-too-old':
    case 'stale-epoch':
      return { kind: 'error', code, detail };
    default:
      return { kind: detail === 1 ? 'refused' : 'unknown' };
  }
}
