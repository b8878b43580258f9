import { describe, expect, test } from 'vitest';
import { PartitionMachine } from '../partition/partition.ts';
import { ProducerGate } from '../partition/producer-gate.ts';
import type { ReplicationMode } from '../protocol/api.ts';
import { assignBatch, BatchKind, createBatch } from '../protocol/batch.ts';
import { Metrics } from './metrics.ts';
import { ProducePath } from './produce-path.ts';
import type { LeadingReplica } from './produce-path.ts';

/** A replica whose every move is made by the test. Index 1 of each term it leads is applied. */
class StubReplica implements LeadingReplica {
  role: 'leader' | 'follower' = 'leader';
  term = 1;
  commitIndex = 1;
  persistedIndex = 1;
  unappliedBytes = 0;
  diskFull = false;
  readonly terms = [0, 1];
  readonly log = { termAt: (index: number) => this.terms[index] };
  readonly #machine: PartitionMachine;
  readonly #batches = new Map<number, Buffer>();

  constructor(machine: PartitionMachine) {
    this.#machine = machine;
    this.#append(createBatch({ kind: BatchKind.noop }, Buffer.alloc(0)), 1);
    this.#apply(1);
  }

  get appliedIndex(): number {
    return this.#machine.appliedIndex;
  }

  propose(batch: Buffer): ReturnType<LeadingReplica['propose']> {
    return this.role === 'leader' ? this.#append(batch, this.terms.length) : undefined;
  }

  commit(index: number): void {
    this.commitIndex = index;
    this.persistedIndex = Math.max(this.persistedIndex, index);
    while (this.appliedIndex < index) this.#apply(this.appliedIndex + 1);
  }

  #append(batch: Buffer, index: number): { index: number; term: number; baseOffset: number } {
    const at = { index, term: this.term, baseOffset: 10 * index };
    assignBatch(batch, at);
    this.terms[index] = this.term;
    this.#batches.set(index, batch);
    return at;
  }

  #apply(index: number): void {
    this.#machine.apply({ index, term: this.terms[index]!, bytes: this.#batches.get(index)! });
  }
}

function stage(replication: ReplicationMode = 'quorum', alone = false) {
  const machine = new PartitionMachine();
  const replica = new StubReplica(machine);
  const gate = new ProducerGate(machine);
  const path = new ProducePath({ gate, replication, alone, metrics: new Metrics() });
  const answers: string[] = [];
  let inFlight = 0;
  const receiver = {
    begin: (bytes: number) => void (inFlight += bytes),
    answerProduce: (id: number, baseOffset: number) => void answers.push(`${id} at ${baseOffset}`),
    answerError: (id: number, code: string, _why: string, detail?: number) => {
      answers.push(`${id} ${code} ${detail}`);
    },
    finish: (bytes: number) => void (inFlight -= bytes),
  };
  const send = (correlationId: number, baseSequence: number): void => {
    const producer = { producerId: 7, epoch: 0, baseSequence };
    const head = { kind: BatchKind.records, recordCount: 1, ...producer };
    const batch = createBatch(head, Buffer.from('x'));
    const place = { index: 0, term: 0, baseOffset: 0 };
    path.produce(replica, batch, { receiver, correlationId, bytes: batch.length, ...place });
  };
  path.advance(replica);
  return { replica, path, answers, send, inFlight: () => inFlight };
}

describe('a produced batch', () => {
  test('is acked once it is committed, in the order of the log, and not one index earlier', () => {
    const { replica, path, answers, send, inFlight } = stage();
    for (const sequence of [0, 1, 2]) send(sequence, sequence);
    replica.persistedIndex = 4;
    replica.commit(2);
    path.advance(replica);
    expect(answers).toEqual(['0 at 20']);
    expect(path.pending).toBe(2);
    replica.commit(4);
    path.advance(replica);
    expect(answers).toEqual(['0 at 20', '1 at 30', '2 at 40']);
    expect(inFlight()).toBe(0);
  });

  test('is acked once this replica has persisted it, with replication async', () => {
    const { replica, path, answers, send } = stage('async');
    send(0, 0);
    send(1, 1);
    replica.persistedIndex = 2;
    path.advance(replica);
    expect(answers).toEqual(['0 at 20']);
  });

  test('that comes twice is appended once, and both are answered with the first ack', () => {
    const { replica, path, answers, send } = stage();
    send(0, 0);
    send(1, 0);
    expect(replica.terms).toHaveLength(3);
    expect(answers).toEqual([]);
    replica.commit(2);
    path.advance(replica);
    expect(answers).toEqual(['0 at 20', '1 at 20']);
    send(2, 0);
    expect(answers.at(-1)).toBe('2 at 20');
  });

  test('is refused where one before it is missing, and told which is the last known', () => {
    const { answers, send } = stage();
    send(0, 0);
    send(1, 2);
    expect(answers).toEqual(['1 sequence-gap 0']);
  });

  test('that waits when leadership is lost has an unknown outcome', () => {
    const { replica, path, answers, send, inFlight } = stage();
    send(0, 0);
    replica.role = 'follower';
    path.advance(replica);
    expect(answers).toEqual(['0 not-leader 0']);
    expect([path.pending, inFlight()]).toEqual([0, 0]);
    send(1, 1);
    expect(answers.at(-1)).toBe('1 not-leader 1');
  });

  test('is acked when leadership is lost in the turn in which it is committed', () => {
    const { replica, path, answers, send } = stage();
    send(0, 0);
    replica.commit(2);
    replica.role = 'follower';
    path.advance(replica);
    expect(answers).toEqual(['0 at 20']);
  });

  test('is not acked by a commit of what another leader put in its place', () => {
    const { replica, path, answers, send } = stage();
    send(0, 0);
    replica.role = 'follower';
    replica.term = 2;
    replica.terms[2] = 2;
    replica.commitIndex = 2;
    path.advance(replica);
    expect(answers).toEqual(['0 not-leader 0']);
  });

  test('is not taken by a new leader before an entry of its own term is applied', () => {
    const { replica, path, answers, send } = stage();
    replica.term = 2;
    path.advance(replica);
    expect([path.leadingTerm, path.servingTerm]).toEqual([2, 0]);
    send(0, 0);
    expect(answers).toEqual(['0 not-leader 1']);
    replica.propose(createBatch({ kind: BatchKind.noop }, Buffer.alloc(0)));
    replica.commit(2);
    path.advance(replica);
    expect(path.servingTerm).toBe(2);
    send(1, 0);
    replica.commit(3);
    path.advance(replica);
    expect(answers.at(-1)).toBe('1 at 30');
  });

  test('is not taken by a leader that has stepped down and has not said so yet', () => {
    const { replica, answers, send } = stage();
    send(0, 0);
    replica.role = 'follower';
    send(1, 0);
    replica.role = 'leader';
    replica.term = 2;
    send(2, 0);
    expect(answers).toEqual(['1 not-leader 1', '2 not-leader 1']);
  });

  test('is refused while the disk is full, also by an only replica that cannot lead', () => {
    const { replica, path, answers, send } = stage('none', true);
    replica.diskFull = true;
    send(0, 0);
    replica.role = 'follower';
    path.advance(replica);
    send(1, 0);
    expect(answers).toEqual(['0 disk-full 1', '1 disk-full 1']);
  });

  test('is refused while the followers are too far behind', () => {
    const { replica, answers, send } = stage();
    replica.unappliedBytes = 64 * 1024 * 1024;
    send(0, 0);
    expect(answers).toEqual(['0 overloaded 1']);
  });
});
