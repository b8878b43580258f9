import { expect, test } from 'vitest';
import { vocabulary } from './vocabulary.ts';

test('among several targets the slowest to come back says how long is waited', () => {
  expect(vocabulary(['reference']).usualDrain).toBeUndefined();
  expect(vocabulary(['reference', 'nats']).usualDrain).toBe(300_000);
});

test('among several targets the slowest says what rate is usual', () => {
  expect(vocabulary(['reference']).usualRate).toBeUndefined();
  expect(vocabulary(['nats']).usualRate).toBe(200);
  expect(vocabulary(['reference', 'nats']).usualRate).toBe(200);
  expect(() => vocabulary(['gnats'])).toThrow('there is no driver "gnats"');
});
