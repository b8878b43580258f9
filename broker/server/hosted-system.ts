import { assert } from '../assert.ts';
import { BrokerError } from '../errors.ts';
import type { Clock } from '../env/clock.ts';
import { encodeSystemCommand } from '../group/commands.ts';
import type { SystemCommand, SystemResult } from '../group/commands.ts';
import { Coordinator } from '../group/coordinator.ts';
import { SystemMachine } from '../group/system.ts';
import type { GroupStatus } from '../protocol/api.ts';
import type { Message } from '../raft/types.ts';
import { systemGroupId } from './group-id.ts';
import { Replica } from './replica.ts';
import type { ReplicaOptions } from './replica.ts';

interface Proposal {
  readonly term: number;
  readonly resolve: (result: SystemResult) => void;
  readonly reject: (error: BrokerError) => void;
}

export interface HostedSystemOptions {
  readonly clock: Clock;
  readonly replica: Omit<ReplicaOptions, 'groupId' | 'machine' | 'onAdvance' | 'onFailed'>;
  /** The replicated state moved on. */
  readonly onApplied: (machine: SystemMachine) => void;
  readonly onFailed: (error: BrokerError) => void;
}

/** The system group as this node holds it; its leader is the cluster's coordinator. */
export class HostedSystem {
  readonly machine = new SystemMachine();
  readonly coordinator: Coordinator;
  readonly #options: HostedSystemOptions;
  readonly #proposals = new Map<number, Proposal>();
  #opened: Replica | undefined;
  #failure: BrokerError | undefined;
  #coordinatorTerm = 0;
  #seenAppliedIndex = 0;

  static async open(options: HostedSystemOptions): Promise<HostedSystem> {
    const hosted = new HostedSystem(options);
    hosted.#opened = await Replica.open({
      ...options.replica,
      groupId: systemGroupId,
      machine: hosted.machine,
      onAdvance: () => hosted.#advance(),
      onFailed: (error) => hosted.#fail(error),
    });
    hosted.#advance();
    return hosted;
  }

  private constructor(options: HostedSystemOptions) {
    this.#options = options;
    this.machine.onResult = (index, result) => this.#settle(index, result);
    this.coordinator = new Coordinator({
      clock: options.clock,
      machine: this.machine,
      propose: (command) => this.propose(command),
    });
  }

  get replica(): Replica {
    assert(this.#opened !== undefined, 'the system group is not open');
    return this.#opened;
  }

  /** Node that coordinates, as known here; 0 = unknown. */
  get leader(): number {
    return this.#opened?.leader ?? 0;
  }

  /** This node leads and has applied everything of earlier terms. */
  get coordinating(): boolean {
    return this.#coordinatorTerm !== 0;
  }

  get failure(): BrokerError | undefined {
    return this.#failure;
  }

  step(message: Message): void {
    if (this.#failure === undefined) this.#opened?.step(message);
  }

  tick(elapsedMs: number): void {
    if (this.#failure === undefined) this.#opened?.tick(elapsedMs);
  }

  /** Resolves once applied; rejects with `not-coordinator` when it was not or may never be. */
  propose(command: SystemCommand): Promise<SystemResult> {
    const placed = this.coordinating
      ? this.replica.propose(encodeSystemCommand(command, this.#options.clock.wallMs()))
      : undefined;
    if (placed === undefined) return Promise.reject(notCoordinator());
    return new Promise((resolve, reject) => {
      this.#proposals.set(placed.index, { term: placed.term, resolve, reject });
    });
  }

  status(): GroupStatus {
    const { role, term, leader, commitIndex, lastIndex, log } = this.replica;
    return {
      groupId: systemGroupId,
      role,
      term,
      leader,
      commitIndex,
      lastIndex,
      logStartOffset: log.startOffset,
      highWatermark: log.nextOffset,
      logEndOffset: log.nextOffset,
      syncedOffset: log.syncedOffset,
      persistedOffset: log.persistedOffset,
      syncMsMax: log.syncMsMax,
    };
  }

  async close(): Promise<void> {
    this.#stopCoordinating();
    await this.#opened?.close();
  }

  #settle(index: number, result: SystemResult): void {
    const proposal = this.#proposals.get(index);
    if (proposal === undefined) return;
    this.#proposals.delete(index);
    if (this.#opened?.log.termAt(index) === proposal.term) proposal.resolve(result);
    else proposal.reject(notCoordinator());
  }

  #advance(): void {
    const replica = this.#opened;
    if (replica === undefined) return;
    const leadingTerm = replica.role === 'leader' ? replica.term : 0;
    if (this.#coordinatorTerm !== 0 && this.#coordinatorTerm !== leadingTerm) {
      this.#stopCoordinating();
    }
    if (leadingTerm !== 0 && this.#coordinatorTerm === 0) {
      if (replica.log.termAt(replica.appliedIndex) === leadingTerm) {
        this.#coordinatorTerm = leadingTerm;
        this.coordinator.start(leadingTerm);
      }
    }
    if (replica.appliedIndex === this.#seenAppliedIndex) return;
    this.#seenAppliedIndex = replica.appliedIndex;
    this.#options.onApplied(this.machine);
  }

  #stopCoordinating(): void {
    this.#coordinatorTerm = 0;
    this.coordinator.stop();
    const proposals = [...this.#proposals.values()];
    this.#proposals.clear();
    for (const proposal of proposals) proposal.reject(notCoordinator());
  }

  #fail(error: BrokerError): void {
    this.#failure = error;
    this.#stopCoordinating();
    this.#options.onFailed(error);
  }
}

function notCoordinator(): BrokerError {
  return new BrokerError('not-coordinator', 'this node does not lead the system group');
}
