import { expect, test } from 'vitest';
import type { LossPlace } from './book/survivors.ts';
import { LossPlaces } from './loss-places.ts';

function told(...losses: readonly (readonly [LossPlace, partition: number])[]): string {
  const places = new LossPlaces();
  for (const [place, partition] of losses) places.add({ place, partition });
  return places.inWords();
}

test('losses that all lay at the ends of their partitions are told in one', () => {
  expect(told(['tail', 0], ['tail', 1], ['tail', 1])).toBe('all of them the tails of 2 partitions');
  expect(told(['tail', 3], ['tail', 3])).toBe('all of them the tail of 1 partition');
  expect(told(['tail', 3])).toBe('the tail of 1 partition');
});

test('a prefix or a hole is never told as a tail', () => {
  expect(told(['prefix', 0], ['prefix', 0])).toBe('all of them the prefix of 1 partition');
  expect(told(['middle', 2], ['tail', 0], ['all', 1], ['tail', 0], ['unplaced', 4])).toBe(
    '2 the tail of 1 partition, 1 the whole log of 1 partition, 1 in the middle of 1 partition, ' +
      '1 at no known place of 1 partition',
  );
});

test('partitions are counted where every ack named its own', () => {
  expect(told(['tail', 0], ['tail', -1])).toBe(
    'all of them the tails of partitions that not every ack named',
  );
});
