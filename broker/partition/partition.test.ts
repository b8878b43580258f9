import { describe, expect, test } from 'vitest';
import { assignBatch, BatchKind, createBatch } from '../protocol/batch.ts';
import type { Entry } from '../raft/types.ts';
import { encodePartitionCommand, type PartitionCommand } from './commands.ts';
import { PartitionMachine } from './partition.ts';
import { ProducerGate } from './producer-gate.ts';
import type { BatchIdentity } from './producers.ts';
import { sequenceDistance, sequenceModulus } from './sequence.ts';

function recordsEntry(batch: BatchIdentity, index: number, baseOffset = index * 10): Entry {
  const bytes = createBatch({ kind: BatchKind.records, ...batch }, Buffer.alloc(8));
  assignBatch(bytes, { baseOffset, term: 3, index });
  return { term: 3, index, bytes };
}

function commandEntry(command: PartitionCommand, index: number): Entry {
  const bytes = encodePartitionCommand(command);
  assignBatch(bytes, { baseOffset: 0, term: 3, index });
  return { term: 3, index, bytes };
}

function batch(baseSequence: number, recordCount = 1, epoch = 0, producerId = 7): BatchIdentity {
  return { producerId, epoch, baseSequence, recordCount };
}

function duplicateOf(baseOffset: number, index: number) {
  return { kind: 'duplicate', baseOffset, term: 3, index };
}

function after(...batches: BatchIdentity[]): ProducerGate {
  const machine = new PartitionMachine();
  batches.forEach((one, at) => machine.apply(recordsEntry(one, at + 1)));
  return new ProducerGate(machine);
}

describe('a producer gate', () => {
  test('takes the next sequence and nothing else', () => {
    const gate = after(batch(0, 3));
    expect(gate.admit(batch(3))).toEqual({ kind: 'append' });
    expect(gate.admit(batch(4))).toEqual({ kind: 'error', code: 'sequence-gap', detail: 2 });
  });

  test('answers a retry with the place of its first copy', () => {
    const gate = after(batch(0, 3), batch(3, 2));
    expect(gate.admit(batch(0, 3))).toEqual(duplicateOf(10, 1));
    expect(gate.admit(batch(3, 2))).toEqual(duplicateOf(20, 2));
  });

  test('refuses a retry from before the last five batches and never appends it', () => {
    const gate = after(...[0, 1, 2, 3, 4, 5].map((sequence) => batch(sequence)));
    expect(gate.admit(batch(1)).kind).toBe('duplicate');
    expect(gate.admit(batch(0))).toMatchObject({ kind: 'error', code: 'sequence-too-old' });
  });

  test('refuses a batch that overlaps an earlier one without being its copy', () => {
    expect(after(batch(0, 3)).admit(batch(0, 2))).toMatchObject({ code: 'sequence-too-old' });
  });

  test('fences a lower epoch and starts a higher one at sequence 0 only', () => {
    const gate = after(batch(0, 1, 0), batch(0, 1, 2));
    expect(gate.admit(batch(1, 1, 1))).toMatchObject({ code: 'stale-epoch' });
    expect(gate.admit(batch(1, 1, 3))).toEqual({ kind: 'error', code: 'sequence-gap', detail: -1 });
    expect(gate.admit(batch(0, 1, 3))).toEqual({ kind: 'append' });
  });

  test('tells an unknown producer that nothing of it is known', () => {
    expect(after().admit(batch(5))).toEqual({ kind: 'error', code: 'sequence-gap', detail: -1 });
    expect(after().admit(batch(0))).toEqual({ kind: 'append' });
  });

  test('goes on across the wrap of sequences at 2^31', () => {
    const last = sequenceModulus - 2;
    const gate = after(batch(last, 4));
    expect(gate.admit(batch(2))).toEqual({ kind: 'append' });
    expect(gate.admit(batch(last, 4)).kind).toBe('duplicate');
    expect(gate.admit(batch(3))).toEqual({ kind: 'error', code: 'sequence-gap', detail: 1 });
    expect(gate.admit(batch(sequenceModulus - 3))).toMatchObject({ code: 'sequence-too-old' });
    expect(after(batch(sequenceModulus - 1, 1)).admit(batch(1))).toMatchObject({
      code: 'sequence-gap',
      detail: sequenceModulus - 1,
    });
    expect(sequenceDistance(sequenceModulus - 1, 0)).toBe(1);
    expect(sequenceDistance(0, sequenceModulus - 1)).toBe(-1);
  });

  test('knows a batch that is appended and not yet applied, until leadership is lost', () => {
    const gate = after(batch(0));
    gate.appended(batch(1), { baseOffset: 50, term: 3, index: 2 });
    expect(gate.admit(batch(1))).toEqual(duplicateOf(50, 2));
    gate.drop();
    expect(gate.admit(batch(1))).toEqual({ kind: 'append' });
  });

  test('learns the unapplied tail of the log when it becomes leader', () => {
    const gate = after(batch(0));
    gate.reset([recordsEntry(batch(0), 1), recordsEntry(batch(1), 2), recordsEntry(batch(2), 3)]);
    expect(gate.admit(batch(1)).kind).toBe('duplicate');
    expect(gate.admit(batch(3)).kind).toBe('append');
  });

  test('lets batches without a producer id through untouched', () => {
    const gate = after();
    const anonymous = batch(0, 1, 0, 0);
    gate.appended(anonymous, { baseOffset: 0, term: 1, index: 1 });
    expect(gate.admit(anonymous)).toEqual({ kind: 'append' });
  });
});

describe('a partition', () => {
  test('forgets the producer furthest back once there are too many, on each replica', () => {
    const machine = new PartitionMachine({ producersMax: 2 });
    machine.apply(recordsEntry(batch(0, 1, 0, 1), 1));
    machine.apply(recordsEntry(batch(0, 1, 0, 2), 2));
    machine.apply(recordsEntry(batch(1, 1, 0, 1), 3));
    const restored = new PartitionMachine({ producersMax: 2 });
    restored.restore(machine.snapshot());
    for (const one of [machine, restored]) {
      one.apply(recordsEntry(batch(0, 1, 0, 3), 4));
      expect([1, 2, 3].map((id) => one.producer(id) !== undefined)).toEqual([true, false, true]);
    }
    expect(restored.snapshot()).toEqual(machine.snapshot());
  });

  test('fences a zombie of an earlier generation', () => {
    const machine = new PartitionMachine();
    const open = (generation: number) => ({ type: 'open-cursor', group: 'g', generation }) as const;
    const commit = (generation: number, offset: number) =>
      ({ type: 'commit-cursor', group: 'g', generation, offset }) as const;
    machine.apply(commandEntry(open(1), 1));
    expect(machine.cursorAnswer(open(1))).toBe(-1);
    machine.apply(commandEntry(commit(1, 5), 2));
    machine.apply(commandEntry(open(2), 3));
    expect(machine.cursorAnswer(open(2))).toBe(5);
    machine.apply(commandEntry(commit(1, 9), 4));
    expect(machine.cursorAnswer(commit(1, 9))).toBe('fenced');
    expect(machine.cursor('g')).toEqual({ generation: 2, offset: 5 });
    machine.apply(commandEntry(commit(2, 3), 5));
    expect(machine.cursor('g')).toEqual({ generation: 2, offset: 3 });
    machine.apply(commandEntry(open(1), 6));
    expect(machine.cursorAnswer(open(1))).toBe('fenced');
  });

  test('gives the same snapshot bytes whatever order its parts came in', () => {
    const one = new PartitionMachine();
    const other = new PartitionMachine();
    const open = (group: string) => ({ type: 'open-cursor', group, generation: 1 }) as const;
    one.apply(commandEntry(open('b'), 1));
    one.apply(commandEntry(open('a'), 2));
    other.apply(commandEntry(open('a'), 1));
    other.apply(commandEntry(open('b'), 2));
    expect(one.snapshot()).toEqual(other.snapshot());
  });

  test('is empty again after restoring nothing', () => {
    const machine = new PartitionMachine();
    const empty = machine.snapshot();
    machine.apply(recordsEntry(batch(0), 1));
    machine.restore(undefined);
    expect(machine.snapshot()).toEqual(empty);
  });
});
