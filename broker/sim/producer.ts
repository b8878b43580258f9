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
  /** Mean time between two new values. */
  paceMs: number;
  #nextBurstMs = 0;
  #nextValue = 0;
  #nextSequence = 0;
  #epoch = 0;
  #target: SimNode | undefined;
  #targetLife = 0;

  constructor(options: {
    readonly id: number;
    readonly goal: number;
    readonly paceMs: number;
    readonly nodes: readonly SimNode[];
    readonly random: SimRandom;
    readonly events: ProducerEvents;
    readonly nowMs: () => number;
  }) {
    this.id = options.id;
    this.goal = options.goal;
    this.paceMs = options.paceMs;
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
    // A connection ends with the life of the process at its other end.
    const reset = this.#target === undefined || this.#target.life !== this.#targetLife;
    if (late || reset) this.#turn();
    if (this.#target === undefined) return;
    for (const operation of this.#inFlight.slice()) {
      if (operation.acked || operation.sentAtMs !== undefined) continue;
      if (!this.#send(operation, this.#target)) return;
    }
  }

  /** A burst of new values, now and then. */
  #begin(): void {
    if (this.#nowMs() < this.#nextBurstMs) return;
    const values = 1 + this.#random.below(windowBatches);
    this.#nextBurstMs = this.#nowMs() + values * this.paceMs * this.#random.between(0.5, 1.5);
    for (let value = 0; value < values; value++) {
      if (this.#inFlight.length === windowBatches || this.#nextValue === this.goal) return;
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
  #turn(): void {
    for (const operation of this.#inFlight) operation.sentAtMs = undefined;
    const leaders = this.#nodes.filter((node) => node.up && node.leads);
    this.#target = leaders.length === 0 ? undefined : this.#random.pick(leaders);
    this.#targetLife = this.#target?.life ?? 0;
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
        if (this.#target === target) this.#turn();
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
