import { expect, test } from 'vitest';
import { lossyPowerCut } from '../../reports/testing/records.ts';
import { faultLossInWords, lossInWords } from './loss-in-words.ts';

test('a loss is told with how long before the fault its oldest message was acked', () => {
  const loss = { messages: 2467, ms: 13_039.86, allowed: true };
  expect(lossInWords(loss)).toBe('2,467 lost as allowed, the oldest acked 13,040 ms before it');
  expect(lossInWords({ ...loss, messages: 1, ms: 97 })).toBe(
    '1 lost as allowed, acked 97 ms before it',
  );
  expect(lossInWords({ ...loss, ms: null })).toBe('2,467 lost as allowed');
  expect(lossInWords({ ...loss, messages: 0, ms: 0 })).toBe('0 lost as allowed');
});

test('only what the check of losses allows is told as allowed', () => {
  const record = lossyPowerCut();
  const [fault] = record.faults;
  const told = (verdict: 'valid' | 'invalid' | 'unknown') =>
    faultLossInWords(
      { verdicts: record.verdicts.map((one) => ({ ...one, verdict })) },
      { ...fault!, lossWindowMs: 40 },
    );
  expect(told('valid')).toBe('2,467 lost as allowed, the oldest acked 40 ms before it');
  expect(told('invalid')).toBe('2,467 lost, the oldest acked 40 ms before it');
  expect(told('unknown')).toBe('2,467 lost, the oldest acked 40 ms before it');
  expect(faultLossInWords(record, { ...fault!, lossWindowMessages: 0 })).toBeUndefined();
});
