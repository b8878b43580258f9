import { describe, expect, test } from 'vitest';
import type { RecordedFault } from '../../harness/record/record.ts';
import { makePlan } from '../../harness/scenario/plan.ts';
import { parseScenario } from '../../harness/scenario/parse.ts';
import { vocabulary } from '../../harness/vocabulary.ts';
import { roundsOf, type Rounds } from './rounds.ts';

function fault(id: number, changes: Partial<RecordedFault> = {}): RecordedFault {
  const confirmed = 'confirmed' as const;
  return {
    id,
    kind: 'kill',
    target: 'leader',
    victims: ['node 1'],
    phase: 'rounds',
    requestedAtMs: 1000,
    effectiveAtMs: 1040,
    healRequestedAtMs: 2500,
    healedAtMs: 2900,
    recoveredAtMs: null,
    proof: { injected: confirmed, injectedEvidence: '', healed: confirmed, healedEvidence: '' },
    rtoMs: null,
    recoveryNote: '',
    exposedMessages: 400,
    lossWindowMessages: 0,
    lossWindowMs: null,
    promise: 'none',
    exposure: null,
    ...changes,
  };
}

/** The second fault of three, of which the others are another kind's. */
const second = (changes: Partial<RecordedFault>): Rounds =>
  roundsOf([fault(0), fault(1, changes), fault(2)], { ids: [1], effectMsMax: 500 });

describe('the rounds of one fault', () => {
  test('are those of its numbers, which a plan gives from 0', () => {
    const step = { fault: 'kill', target: 'leader', for: '1s' };
    const faults = [
      { ...step, at: '1s' },
      { ...step, at: '4s' },
    ];
    const phases = [{ name: 'main', duration: '20s', faults }];
    const scenario = parseScenario({ name: 'two', question: 'q', phases }, 'two', vocabulary());
    const options = {
      seed: 1,
      target: 'reference',
      cluster: 'docker',
      vocabulary: vocabulary(),
    } as const;
    const ids = makePlan(scenario, options).faults.map(({ id }) => id);
    expect(ids).toEqual([0, 1]);
    expect(roundsOf([fault(0), fault(1)], { ids, effectMsMax: 500 })).toEqual({
      rounds: 2,
      confirmed: 2,
      effectMsMax: 40,
      doubts: [],
    });
  });

  test('are not confirmed where the injection or the healing is not, or nothing was acked before', () => {
    const { proof } = fault(1);
    const unproven = { ...proof, injected: 'inconclusive' as const, injectedEvidence: 'no answer' };
    const unhealed = { ...proof, healed: 'mismatch' as const, healedEvidence: 'still there' };
    expect(second({ proof: unproven })).toMatchObject({
      confirmed: 0,
      doubts: ['round 1: no answer'],
    });
    expect(second({ proof: unhealed })).toMatchObject({
      confirmed: 0,
      doubts: ['round 1: still there'],
    });
    expect(second({ exposedMessages: 0 })).toMatchObject({
      confirmed: 0,
      doubts: ['round 1: nothing was acked in the second before it'],
    });
  });

  test('are doubted where one took effect too late, or never came about', () => {
    expect(second({ effectiveAtMs: 1499 }).doubts).toEqual([]);
    expect(second({ effectiveAtMs: 1500 })).toMatchObject({
      confirmed: 1,
      effectMsMax: 500,
      doubts: ['round 1: it took effect after 500 ms, not within 500'],
    });
    expect(roundsOf([fault(0)], { ids: [0, 1], effectMsMax: 500 })).toMatchObject({
      rounds: 2,
      confirmed: 1,
      doubts: ['round 2: it did not come about'],
    });
  });
});
