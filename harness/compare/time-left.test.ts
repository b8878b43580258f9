import { expect, test } from 'vitest';
import { TimeLeft } from './time-left.ts';

test('the time left is the loads to come, each with what those before it took besides', () => {
  const left = new TimeLeft(new Map(['a', 'b', 'c', 'd'].map((id) => [id, 5000])));
  expect(left.ms()).toBe(4 * 5000 + 4 * 4000);
  left.ended('a', 7000);
  expect(left.ms()).toBe(3 * 5000 + 3 * 2000);
  left.ended('b', 9000);
  expect(left.ms()).toBe(2 * 5000 + 2 * 3000);
});
