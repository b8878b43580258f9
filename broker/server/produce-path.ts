import { BrokerError } from '../errors.ts';
import type { BrokerErrorCode } from '../errors.ts';
import type { BatchIdentity } from '../partition/producers.ts';
import type { ReplicationMode } from '../protocol/api.ts';
import { readU32, readU64 } from '../protocol/integers.ts';
import { AckQueue } from './ack-queue.ts';
import type { Metrics } from './metrics.ts';
import type { GatePart } from './node-options.ts';
import type { ReplicaLog } from './replica-log.ts';
import type { Replica } from './replica.ts';

/** With replication `async` nothing else bounds what the followers still lack. */
const unappliedBytesMax = 64 * 1024 * 1024;

/** Who waits for the answers: a connection, the gateway, a producer of the simulation. */
export interface ProduceReceiver {
  /** The request's batch is in the log; it counts as in flight from now until `finish`. */
  begin(bytes: number): void;
  answerProduce(correlationId: number, baseOffset: number, term: number): void;
  /** `detail` 1: certainly not appended; 0: nobody knows. */
  answerError(correlationId: number, code: BrokerErrorCode, message: string, detail?: number): void;
  finish(bytes: number): void;
}

/** One produce request, from its frame to its answer: all that is kept of it. */
export interface ProduceRequest {
  readonly receiver: ProduceReceiver;
  readonly correlationId: number;
  /** Of the request's frame. */
  readonly bytes: number;
  /** Where its batch, or the first copy of it, is in the log; 0 before. */
  index: number;
  term: number;
  baseOffset: number;
}

/** The replica as an ack depends on it. */
export type LeadingReplica = Pick<
  Replica,
  | 'role'
  | 'term'
  | 'commitIndex'
  | 'persistedIndex'
  | 'appliedIndex'
  | 'unappliedBytes'
  | 'diskFull'
  | 'propose'
> & { readonly log: Pick<ReplicaLog, 'termAt'> };

/**
 * The way of produced batches through a replica that leads: whether any are taken, the producers'
 * gate, the log, and who waits until the log has theirs as safe as the topic asks. It has no I/O
 * and no clock: the replica is handed in, the answers go to the request's receiver. So the server
 * and the simulator run this very code.
 */
export class ProducePath {
  readonly gate: GatePart;
  readonly #replication: ReplicationMode;
  readonly #alone: boolean;
  readonly #metrics: Metrics;
  readonly #waiting = new AckQueue<ProduceRequest>();
  #leadingTerm = 0;
  /** An entry of the term is applied, and with it every one of the terms before. */
  #open = false;
  #failure: BrokerError | undefined;

  constructor(options: {
    readonly gate: GatePart;
    readonly replication: ReplicationMode;
    /** The only replica of its partition. */
    readonly alone: boolean;
    readonly metrics: Metrics;
  }) {
    this.gate = options.gate;
    this.#replication = options.replication;
    this.#alone = options.alone;
    this.#metrics = options.metrics;
  }

  /** The term in which this node leads as far as the waiters know; 0 = it does not. */
  get leadingTerm(): number {
    return this.#leadingTerm;
  }

  /** The term in which it takes batches; 0 = it does not. */
  get servingTerm(): number {
    return this.#open ? this.#leadingTerm : 0;
  }

  /** Why the replica has stopped, if it has. */
  get failure(): BrokerError | undefined {
    return this.#failure;
  }

  get pending(): number {
    return this.#waiting.length;
  }

  /**
   * Why this node takes no appends right now; undefined when it does. Nothing was appended. A
   * leader takes them once an entry of its own term is applied: every entry before it is too, so
   * the gate knows all that may ever come out of earlier terms.
   */
  refusal(replica: LeadingReplica): BrokerError | undefined {
    if (this.#failure !== undefined) {
      const { code, message } = this.#failure;
      return new BrokerError(code, message, { detail: 1 });
    }
    // The replica may have stepped down earlier in this turn, before it says so.
    const { role, term, unappliedBytes, diskFull } = replica;
    const leads = this.#open && role === 'leader' && term === this.#leadingTerm;
    if (!leads && !(diskFull && this.#alone)) {
      return new BrokerError('not-leader', 'this node does not lead the partition', { detail: 1 });
    }
    if (diskFull) {
      const why = 'the disk of this node is full; reads go on, writes wait for space';
      return new BrokerError('disk-full', why, { detail: 1 });
    }
    if (unappliedBytes < unappliedBytesMax) return undefined;
    const why = 'the replicas are too far behind the leader';
    return new BrokerError('overloaded', why, { detail: 1 });
  }

  /**
   * Takes a checked batch, or answers why not. The answer comes at once or in a later turn, exactly
   * once; the bytes of the batch belong to the log from here on.
   */
  produce(replica: LeadingReplica, batch: Buffer, request: ProduceRequest): void {
    const refusal = this.refusal(replica);
    if (refusal !== undefined) {
      const { code, message, detail } = refusal;
      request.receiver.answerError(request.correlationId, code, message, detail);
      return;
    }
    const identity = identityOf(batch);
    if (identity !== undefined && !this.#admit(replica, identity, request)) return;
    const placed = replica.propose(batch);
    if (placed === undefined) {
      const why = 'this node stopped leading the partition';
      request.receiver.answerError(request.correlationId, 'not-leader', why, 1);
      return;
    }
    if (identity !== undefined) this.gate.appended(identity, placed);
    this.#metrics.recordsAppended += readU32(batch, 56);
    this.#await(replica, request, placed);
  }

  /** The replica moved: at most once per turn. */
  advance(replica: LeadingReplica): void {
    const leadingTerm = replica.role === 'leader' ? replica.term : 0;
    if (leadingTerm !== this.#leadingTerm) {
      if (this.#leadingTerm !== 0) this.lose(replica, 'not-leader');
      this.#leadingTerm = leadingTerm;
    }
    if (leadingTerm === 0) return;
    if (!this.#open && replica.log.termAt(replica.appliedIndex) === leadingTerm) {
      this.gate.reset([]);
      this.#open = true;
    }
    const ackIndex = this.#ackIndex(replica);
    let request = this.#waiting.takeUpTo(ackIndex);
    while (request !== undefined) {
      this.#ack(request);
      request = this.#waiting.takeUpTo(ackIndex);
    }
  }

  /** What waits is answered "unknown", but for what is committed exactly as it was appended. */
  lose(replica: LeadingReplica | undefined, code: BrokerErrorCode): void {
    this.#leadingTerm = 0;
    this.#open = false;
    this.gate.drop();
    if (replica === undefined) return;
    const { commitIndex, log } = replica;
    let request = this.#waiting.take();
    while (request !== undefined) {
      const { index, term, receiver } = request;
      if (index <= commitIndex && log.termAt(index) === term) {
        this.#ack(request);
      } else {
        const why = 'leadership was lost before the batch was acked; its outcome is unknown';
        receiver.answerError(request.correlationId, code, why, 0);
        receiver.finish(request.bytes);
      }
      request = this.#waiting.take();
    }
  }

  /** The replica has stopped for good. */
  fail(replica: LeadingReplica | undefined, error: BrokerError): void {
    this.#failure = error;
    this.lose(replica, error.code);
  }

  /** False when the request was dealt with: a copy of an earlier one, or refused. */
  #admit(replica: LeadingReplica, identity: BatchIdentity, request: ProduceRequest): boolean {
    const admission = this.gate.admit(identity);
    if (admission.kind === 'append') return true;
    if (admission.kind === 'error') {
      const { code, detail } = admission;
      const { producerId, epoch, baseSequence } = identity;
      const what = `${code}: batch ${baseSequence} of producer ${producerId}, epoch ${epoch}`;
      request.receiver.answerError(request.correlationId, code, what, detail);
      return false;
    }
    this.#metrics.duplicates++;
    this.#await(replica, request, admission);
    return false;
  }

  #await(
    replica: LeadingReplica,
    request: ProduceRequest,
    at: { readonly index: number; readonly term: number; readonly baseOffset: number },
  ): void {
    request.index = at.index;
    request.term = at.term;
    request.baseOffset = at.baseOffset;
    request.receiver.begin(request.bytes);
    if (at.index <= this.#ackIndex(replica)) this.#ack(request);
    else this.#waiting.push(request);
  }

  /** Highest index whose producer may be answered under the topic's replication mode. */
  #ackIndex({ persistedIndex, commitIndex }: LeadingReplica): number {
    return this.#replication === 'async' ? Math.max(persistedIndex, commitIndex) : commitIndex;
  }

  #ack({ receiver, correlationId, bytes, baseOffset, term }: ProduceRequest): void {
    this.#metrics.batchesAcked++;
    receiver.answerProduce(correlationId, baseOffset, term);
    receiver.finish(bytes);
  }
}

/** Undefined for a batch of no producer. The fields that the broker fills may hold anything. */
function identityOf(batch: Buffer): BatchIdentity | undefined {
  const producerId = readU64(batch, 40);
  if (producerId === 0) return undefined;
  return {
    producerId,
    epoch: readU32(batch, 48),
    baseSequence: readU32(batch, 52),
    recordCount: readU32(batch, 56),
  };
}
