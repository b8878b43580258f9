import { Buffer } from 'node:buffer';
import { BrokerError } from '../../errors.ts';
import { encodePartitionCommand, type PartitionCommand } from '../../partition/commands.ts';
import { PartitionMachine } from '../../partition/partition.ts';
import { ProducerGate } from '../../partition/producer-gate.ts';
import { assignBatch, readBatchHeader } from '../../protocol/batch.ts';
import type { Entry } from '../../raft/types.ts';

interface Stored {
  readonly entry: Entry;
  readonly baseOffset: number;
  readonly records: number;
}

/** A partition without replication: what is appended is committed, until `cut` takes it away. */
export class FakePartition {
  leader = 1;
  term = 1;
  machine = new PartitionMachine();
  gate = new ProducerGate(this.machine);
  #log: Stored[] = [];
  startOffset = 0;

  get endOffset(): number {
    const last = this.#log.at(-1);
    return last === undefined ? this.startOffset : last.baseOffset + last.records;
  }

  get entries(): number {
    return this.#log.length;
  }

  /** A new leader that has all but the newest `lost` entries, which happens legally or not. */
  failOver(leader: number, lost = 0): void {
    this.leader = leader;
    this.term++;
    if (lost === 0) return;
    this.#log.splice(this.#log.length - lost, lost);
    this.machine = new PartitionMachine();
    this.gate = new ProducerGate(this.machine);
    for (const { entry } of this.#log) this.machine.apply(entry);
  }

  dropBefore(offset: number): void {
    this.startOffset = offset;
    this.#log = this.#log.filter((stored) => stored.baseOffset >= offset);
  }

  produce(given: Buffer): { baseOffset: number; term: number } {
    const batch = Buffer.from(given);
    const header = readBatchHeader(batch);
    const admission = this.gate.admit(header);
    if (admission.kind === 'error') {
      const { code, detail } = admission;
      throw new BrokerError(code, code, detail === undefined ? {} : { detail });
    }
    if (admission.kind === 'duplicate') return admission;
    return this.#append(batch, header.recordCount);
  }

  command(command: PartitionCommand): number {
    this.#append(encodePartitionCommand(command), 0);
    const answer = this.machine.cursorAnswer(command);
    if (answer === 'fenced') throw new BrokerError('fenced', 'fenced');
    return answer;
  }

  read(offset: number, lastTerm: number, bytesMax: number): Buffer {
    if (offset < this.startOffset) {
      throw new BrokerError('offset-out-of-range', 'below', { detail: this.startOffset });
    }
    const diverged = lastTerm > 0 ? this.#divergence(offset, lastTerm) : undefined;
    if (diverged !== undefined) throw new BrokerError('diverged', 'cut', { detail: diverged });
    if (offset > this.endOffset) throw new BrokerError('offset-out-of-range', 'beyond');
    const chosen: Buffer[] = [];
    let bytes = 0;
    for (const { entry, baseOffset, records } of this.#log) {
      if (records === 0 || baseOffset + records <= offset) continue;
      if (chosen.length > 0 && bytes + entry.bytes.length > bytesMax) break;
      chosen.push(entry.bytes);
      bytes += entry.bytes.length;
    }
    return Buffer.concat(chosen);
  }

  #divergence(offset: number, lastTerm: number): number | undefined {
    let agreed = Math.min(offset, this.endOffset);
    while (agreed > this.startOffset && this.#termAt(agreed - 1) > lastTerm) agreed--;
    const same = agreed === offset && this.#termAt(offset - 1) === lastTerm;
    return same || offset === this.startOffset ? undefined : agreed;
  }

  #termAt(offset: number): number {
    const holder = this.#log.find(({ baseOffset, records }) => {
      return baseOffset <= offset && offset < baseOffset + records;
    });
    return holder?.entry.term ?? 0;
  }

  #append(bytes: Buffer, records: number): { baseOffset: number; term: number } {
    const index = (this.#log.at(-1)?.entry.index ?? 0) + 1;
    const baseOffset = this.endOffset;
    const { term } = this;
    assignBatch(bytes, { baseOffset, term, index });
    const entry = { term, index, bytes };
    this.#log.push({ entry, baseOffset, records });
    this.machine.apply(entry);
    return { baseOffset, term };
  }
}
