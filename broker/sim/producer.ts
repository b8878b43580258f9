import type { SimRandom } from '../env/sim/random.ts';
import { addSequence } from '../partition/sequence.ts';
import { encodeValue } from './machine.ts';
import type { StoredValue } from './machine.ts';
import type { Answer, SimNode } from './node.ts';

/** One value on its way: in flight until its turn in the log is known. */
interface Operation {
  readonly value: number;
  readonly records: number;
  readonly padding: number;
  epoch: number;
  sequence: number;
  sentAtMs: number | undefined;
  acked: boolean;
}

export interface ProducerEvents {
  acked(value: StoredValue, inTerm: number): void;
  /** The partition has forgotten what it acknowledged. */
  gap(text: string): void;
  failed(text: string): void;
}

/** As many batches as a partition remembers of a producer. */
const windowBatches = 5;
const answerTimeoutMs = 150;

/**
 * An idempotent producer: values in order, up to five in flight, sent again under the same
 * sequence until they are acked. When the partition has legally forgotten some of them it raises
 * its epoch and goes on with what is not acked, never with what is.
 */
export class SimProducer {
  readonly id: number;
  readonly #nodes: readonly SimNode[];
  readonly #random: SimRandom;
  readonly #events: ProducerEvents;
  readonly #nowMs: () => number;
  readonly #inFlight: Operation[] = [];
  /** Values that it will have sent in the end. */
  goal: number;
  #nextValue = 0;
  #nextSequence = 0;
  #epoch = 0;
  #target: SimNode | undefined;

  constructor(options: {
    readonly id: number;
    readonly goal: number;
    readonly nodes: readonly SimNode[];
    readonly random: SimRandom;
    readonly events: ProducerEvents;
    readonly nowMs: () => number;
  }) {
    this.id = options.id;
    this.goal = options.goal;
    this.#nodes = options.nodes;
    this.#random = options.random;
    this.#events = options.events;
    this.#nowMs = options.nowMs;
  }

  get idle(): boolean {
    return this.#inFlight.length === 0 && this.#nextValue === this.goal;
  }

  step(): void {
    this.#begin();
    const nowMs = this.#nowMs();
    const late = this.#inFlight.some(
      ({ sentAtMs }) => sentAtMs !== undefined && nowMs - sentAtMs > answerTimeoutMs,
    );
    if (late || this.#target === undefined || !this.#target.up) this.#turnTo(undefined);
    if (this.#target === undefined) return;
    for (const operation of [...this.#inFlight]) {
      if (operation.acked || operation.sentAtMs !== undefined) continue;
      if (!this.#send(operation, this.#target)) return;
    }
  }

  #begin(): void {
    while (this.#inFlight.length < windowBatches && this.#nextValue < this.goal) {
      if (this.#inFlight.length > 0 && this.#random.chance(0.3)) return;
      const records = 1 + this.#random.below(3);
      this.#inFlight.push({
        value: this.#nextValue++,
        records,
        padding: this.#random.below(200),
        epoch: this.#epoch,
        sequence: this.#nextSequence,
        sentAtMs: undefined,
        acked: false,
      });
      this.#nextSequence = addSequence(this.#nextSequence, records);
    }
  }

  /** Looks for a leader; what was sent to another one is sent again, in order. */
  #turnTo(node: SimNode | undefined): void {
    for (const operation of this.#inFlight) operation.sentAtMs = undefined;
    const leaders = this.#nodes.filter((each) => each.up && each.leads);
    this.#target = node ?? (leaders.length === 0 ? undefined : this.#random.pick(leaders));
  }

  /** False when nothing more can be sent now. */
  #send(operation: Operation, target: SimNode): boolean {
    const { value, epoch, sequence, records, padding } = operation;
    operation.sentAtMs = this.#nowMs();
    const batch = encodeValue({ producer: this.id, value, epoch, sequence, records, padding });
    let open = true;
    target.produce(batch, (answer) => {
      if (operation.epoch === epoch || answer.kind === 'acked') {
        open = this.#answered(operation, answer, target);
      }
    });
    return open;
  }

  #answered(operation: Operation, answer: Answer, target: SimNode): boolean {
    switch (answer.kind) {
      case 'acked': {
        const { index, term, offset, inTerm } = answer;
        const { value } = operation;
        this.#events.acked({ producer: this.id, value, index, term, offset }, inTerm);
        operation.acked = true;
        while (this.#inFlight[0]?.acked) this.#inFlight.shift();
        return true;
      }
      case 'unknown':
      case 'refused':
        if (this.#target === target) this.#turnTo(undefined);
        return false;
      case 'error':
        this.#refused(operation, answer);
        return false;
    }
  }

  #refused(
    operation: Operation,
    answer: { readonly code: string; readonly detail: number | undefined },
  ): void {
    const what = `producer ${this.id}, value ${operation.value}, epoch ${operation.epoch}`;
    if (answer.code !== 'sequence-gap') {
      this.#events.failed(`${what}: ${answer.code}`);
      return;
    }
    this.#events.gap(`${what}: the partition knows ${answer.detail ?? 'nothing'}`);
    this.#epoch++;
    this.#nextSequence = 0;
    for (const each of this.#inFlight) {
      if (each.acked) continue;
      each.epoch = this.#epoch;
      each.sequence = this.#nextSequence;
      each.sentAtMs = undefined;
      this.#nextSequence = addSequence(this.#nextSequence, each.records);
    }
  }
}
