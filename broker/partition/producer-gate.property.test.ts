import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignBatch, BatchKind, createBatch } from '../protocol/batch.ts';
import type { Entry } from '../raft/types.ts';
import { PartitionMachine } from './partition.ts';
import { ProducerGate } from './producer-gate.ts';
import type { Admission, BatchIdentity } from './producers.ts';
import { addSequence, sequenceModulus } from './sequence.ts';

/** Slow and obviously right: the answer is read off the whole log each time. */
function oracle(log: readonly (BatchIdentity & { index: number })[], batch: BatchIdentity): string {
  const own = log.filter((entry) => entry.producerId === batch.producerId);
  const newest = own.at(-1);
  if (newest !== undefined && batch.epoch < newest.epoch) return 'stale-epoch';
  if (newest === undefined || batch.epoch > newest.epoch) {
    return batch.baseSequence === 0 ? 'append' : 'gap -1';
  }
  const epoch = own.filter((entry) => entry.epoch === batch.epoch);
  const last = addSequence(newest.baseSequence, newest.recordCount - 1);
  if (batch.baseSequence === addSequence(last, 1)) return 'append';
  const copy = epoch
    .slice(-5)
    .find((e) => e.baseSequence === batch.baseSequence && e.recordCount === batch.recordCount);
  if (copy !== undefined) return `duplicate ${copy.index}`;
  for (let back = 0; back < 1000; back++) {
    if (addSequence(last, sequenceModulus - back) === batch.baseSequence) return 'too-old';
  }
  return `gap ${last}`;
}

function spoken(admission: Admission): string {
  if (admission.kind === 'append') return 'append';
  if (admission.kind === 'duplicate') return `duplicate ${admission.index}`;
  if (admission.code === 'sequence-gap') return `gap ${admission.detail}`;
  return admission.code === 'sequence-too-old' ? 'too-old' : admission.code;
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const mostly = (common: number, others: fc.Arbitrary<number>, weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(common) }, others);

const produce = fc.record({
  type: fc.constant('produce' as const),
  producerId: mostly(1, fc.integer({ min: 2, max: 3 }), 2),
  /** 0 = the next sequence; below: a retry of that many batches ago; above: a gap. */
  shift: mostly(0, fc.integer({ min: -7, max: 2 }), 2),
  epochShift: mostly(0, fc.constantFrom(-1, 1), 20),
  count: fc.integer({ min: 1, max: 4 }),
});
const step = fc.oneof(
  { weight: 12, arbitrary: produce },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('commit' as const), share }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('failover' as const), keep: share }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('snapshot' as const) }) },
);

test('admits exactly what a reading of the whole log would admit, across failovers', () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      let machine = new PartitionMachine();
      let gate = new ProducerGate(machine);
      let log: (BatchIdentity & { index: number; entry: Entry })[] = [];
      const sent = new Map<number, BatchIdentity[]>();
      const said: string[] = [];
      const expected: string[] = [];
      let applied = 0;
      let term = 1;
      for (const one of steps) {
        if (one.type === 'commit') {
          const upTo = applied + Math.round((log.length - applied) * one.share);
          while (applied < upTo) machine.apply(log[applied++]!.entry);
        } else if (one.type === 'failover') {
          // Whatever was not committed may or may not have reached the next leader.
          log = log.slice(0, applied + Math.round((log.length - applied) * one.keep));
          term++;
          gate.drop();
          gate.reset(log.map((kept) => kept.entry));
        } else if (one.type === 'snapshot') {
          const bytes = machine.snapshot();
          machine = new PartitionMachine();
          machine.restore(bytes);
          said.push(`restored ${machine.snapshot().equals(bytes)}`);
          expected.push('restored true');
          gate = new ProducerGate(machine);
          gate.reset(log.map((kept) => kept.entry));
        } else {
          const history = sent.get(one.producerId) ?? [];
          const newest = log.findLast((entry) => entry.producerId === one.producerId);
          const next = newest ? addSequence(newest.baseSequence, newest.recordCount) : 0;
          const epoch = Math.max(0, (newest?.epoch ?? 0) + one.epochShift);
          const retry = one.shift < 0 ? history.at(one.shift) : undefined;
          const batch = retry ?? {
            producerId: one.producerId,
            epoch,
            baseSequence: addSequence(
              epoch > (newest?.epoch ?? 0) ? 0 : next,
              Math.max(0, one.shift),
            ),
            recordCount: one.count,
          };
          const answer = gate.admit(batch);
          said.push(spoken(answer));
          expected.push(oracle(log, batch));
          kinds.add(answer.kind === 'error' ? answer.code : answer.kind);
          if (answer.kind !== 'append') continue;
          const index = log.length + 1;
          const bytes = createBatch({ kind: BatchKind.records, ...batch }, Buffer.alloc(0));
          assignBatch(bytes, { baseOffset: index * 100, term, index });
          gate.appended(batch, { baseOffset: index * 100, term, index });
          log.push({ ...batch, index, entry: { term, index, bytes } });
          sent.set(one.producerId, [...history, batch]);
        }
      }
      expect(said).toEqual(expected);
    }),
    { numRuns: 1500, seed: 20 },
  );
  expect([...kinds].sort()).toEqual([
    'append',
    'duplicate',
    'sequence-gap',
    'sequence-too-old',
    'stale-epoch',
  ]);
});
