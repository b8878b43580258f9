import { describe, expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
import type { RunRecord } from '../record/record.ts';
import { parseScenario } from '../scenario/parse.ts';
import { makePlan } from '../scenario/plan.ts';
import { vocabulary } from '../vocabulary.ts';
import { worthOf } from './worth.ts';

const fault = { target: 'leader', victim: 'node 2', healAfterMs: 3000 };
const record = makeRecord({
  phases: [{ name: 'kill-leader', lengthMs: 9000 }],
  faults: [
    { ...fault, kind: 'delay', atMs: 2000, rtoMs: 20 },
    { ...fault, kind: 'kill', atMs: 4000, rtoMs: 700 },
  ],
});

function worth(changes: Partial<RunRecord>, replication: 'quorum' | 'async' = 'quorum') {
  const words = vocabulary();
  const input = {
    name: 'x',
    question: 'Why?',
    topic: { replication },
    phases: [{ name: 'a', duration: '9s' }],
  };
  const plan = makePlan(parseScenario(input, 'x', words), {
    seed: 1,
    target: 'reference',
    cluster: 'process',
    vocabulary: words,
  });
  return worthOf({ ...record, ...changes }, { plan, fault: 'kill-leader', kinds: ['kill'] });
}

const lost = (count: number): Partial<RunRecord> => ({
  accounting: { ...record.accounting, lost: count },
});

describe('the worth of a mode', () => {
  test('is what the run found, of the fault that it was about alone', () => {
    const found = worth({ verdict: 'pass', ...lost(0) });
    expect(found).toMatchObject({
      fault: 'kill-leader',
      promise: { loss: 'none' },
      observed: 'none',
      acked: record.accounting.acked,
      recoveryMs: 700,
      faultsConfirmed: 1,
    });
    expect(found.lossBound).toBeCloseTo(0.95, 9);
  });

  test('is an allowed loss where the mode may lose, and bounds nothing', () => {
    const found = worth({ verdict: 'pass', ...lost(3) }, 'async');
    expect(found.promise.loss).toBe('window');
    expect(found.promise.bound).not.toBe('');
    expect(found).toMatchObject({ observed: 'allowed', lost: 3, lossBound: null });
  });

  test('is violated where the run fails, and open where it is inconclusive', () => {
    expect(worth({ verdict: 'fail', ...lost(3) }).observed).toBe('violated');
    const open = worth({ verdict: 'inconclusive', ...lost(0) });
    expect(open).toMatchObject({ observed: 'inconclusive', lossBound: null });
  });

  test('has a recovery only where every such fault was recovered from', () => {
    const faults = [...record.faults, { ...record.faults[1]!, rtoMs: null }];
    expect(worth({ verdict: 'pass', faults })).toMatchObject({
      recoveryMs: null,
      faultsConfirmed: 2,
    });
  });

  test('bounds nothing by a fault that was not seen to act', () => {
    const faults = record.faults.map((one) => ({
      ...one,
      rtoMs: null,
      proof: { ...one.proof, injected: 'mismatch' as const },
    }));
    const found = worth({ verdict: 'pass', faults, ...lost(0) });
    expect(found).toMatchObject({ faultsConfirmed: 0, lossBound: null, recoveryMs: null });
  });

  test.each([
    ['nothing was acked before it', { exposedMessages: 0 }],
    ['nothing was unsafe', { promise: 'window' as const, exposure: 0 }],
    ['nobody measured what was unsafe', { promise: 'may' as const, exposure: null }],
    ['it hit a client', { victims: ['consumer 1'] }],
  ])('bounds nothing by a fault that had nothing at stake: %s', (_, changes) => {
    const faults = record.faults.map((one) => ({ ...one, ...changes }));
    const found = worth({ verdict: 'pass', faults, ...lost(0) });
    expect(found).toMatchObject({ faultsConfirmed: 1, lossBound: null });
  });
});
