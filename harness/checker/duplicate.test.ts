import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import type { StoryOptions } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());
const alone: StoryOptions = { scenario: { workload: { consumers: 0 } } };
const careless: StoryOptions = { scenario: { workload: { consumers: 0, idempotent: false } } };
const byBroker = {
  verdict: 'fail',
  invalid: ['duplicate'],
  unknown: [],
  anomalies: { 'duplicate-broker': 1 },
};

describe('duplicates', () => {
  test("one value at two positions is the broker's doing when the producer is idempotent", () => {
    expect(seen(new Story(alone).acked('a0', 0, { attempts: 2 }).log('a0 a0'))).toEqual(byBroker);
    expect(seen(new Story(alone).acked('a0', 0, { attempts: 2 }).log('a0'))).toEqual(pass);
  });

  test('without idempotence a retry explains it', () => {
    expect(seen(new Story(careless).acked('a0', 0, { attempts: 2 }).log('a0 a0'))).toEqual({
      ...pass,
      anomalies: { 'duplicate-producer-retry': 1 },
    });
  });

  test('without idempotence a single attempt with a known outcome explains nothing', () => {
    expect(seen(new Story(careless).acked('a0', 0, { attempts: 1 }).log('a0 a0'))).toEqual(
      byBroker,
    );
  });

  test('attempts that nobody counted may have been retries', () => {
    expect(seen(new Story(careless).acked('a0', 0, { attempts: 0 }).log('a0 a0')).verdict).toBe(
      'pass',
    );
  });

  test('a driver without idempotence does not have it by being asked for it', () => {
    const story = new Story({ ...alone, capabilities: { idempotence: false } });
    expect(seen(story.acked('a0', 0, { attempts: 2 }).log('a0 a0')).verdict).toBe('pass');
  });

  test('an unknown that is in the log twice was retried, unless the producer was idempotent', () => {
    expect(seen(new Story(careless).acked('b0', 0).unknown('a0').log('b0 a0 a0')).verdict).toBe(
      'pass',
    );
    expect(
      seen(new Story(careless).acked('b0', 0).invoke('a0').complete('a0', 'info').log('b0 a0 a0'))
        .verdict,
    ).toBe('pass');
    expect(seen(new Story(alone).acked('b0', 0).unknown('a0').log('b0 a0 a0'))).toEqual(byBroker);
  });

  test('one value at one position of two partitions is there twice', () => {
    const story = new Story({ scenario: { topic: { partitions: 2 }, workload: { consumers: 0 } } });
    expect(seen(story.acked('a0', 0).log('a0').log('a0', { partition: 1 })).invalid).toEqual([
      'duplicate',
    ]);
  });

  test('a delivery from a second position is a duplicate, one from the same position is not', () => {
    const told = () => new Story().acked('a0', 0).acked('a1', 1).consumed('a0 a1').log('a0 a1');
    expect(seen(told().position('assigned').delivered('a1', 1)).anomalies).toEqual({
      redelivered: 1,
    });
    expect(seen(told().position('assigned').delivered('a1', 7)).anomalies).toEqual({
      'duplicate-broker': 1,
    });
  });

  test('without positions a reading that shows a value twice has it twice', () => {
    const bare: StoryOptions = {
      ...alone,
      capabilities: { positions: false, denseOffsets: false, readEachReplica: false },
    };
    const told = () => new Story(bare).acked('a0', -1).read('a0', -1);
    expect(seen(told().readEnd())).toEqual(pass);
    expect(seen(told().read('a0', -1).readEnd())).toEqual(byBroker);
  });
});
