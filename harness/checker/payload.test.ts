import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());
const alone = { scenario: { workload: { consumers: 0 } } };

describe('never sent', () => {
  test('a value that nobody sent is read from nowhere', () => {
    const story = new Story(alone).acked('a0', 0).log('a0 z9');
    expect(seen(story)).toEqual({
      verdict: 'fail',
      invalid: ['never-sent'],
      unknown: [],
      anomalies: { 'never-sent': 1 },
    });
  });

  test('a sequence beyond what its producer sent is read from nowhere', () => {
    expect(seen(new Story(alone).acked('a0', 0).log('a0 a1')).anomalies).toEqual({
      'never-sent': 1,
    });
    expect(seen(new Story(alone).acked('a0', 0).invoke('a1').log('a0 a1'))).toEqual(pass);
  });

  test('it is counted once however often it shows up', () => {
    const story = new Story().acked('a0', 0).consumed('a0 z9').log('a0 z9');
    expect(seen(story).anomalies).toEqual({ 'never-sent': 1 });
  });

  test('a payload of another run is foreign', () => {
    const story = new Story(alone)
      .acked('a0', 0)
      .read('a0', 0)
      .read('a0', 1, { foreign: true })
      .readEnd({ end: 2 })
      .copy(1, 'a0 z9');
    expect(seen(story).anomalies).toMatchObject({ foreign: 1 });
    expect(story.judge().accounting.neverSent).toBe(2);
  });
});

describe('corruption', () => {
  test('a payload in the log that does not match its checksum is corrupted, and is no proof of its message', () => {
    const story = new Story(alone)
      .acked('a0', 0)
      .acked('a1', 1)
      .read('a0', 0)
      .read('a1', 1, { intact: false })
      .readEnd({ end: 2 });
    expect(seen(story).invalid).toEqual(['corrupted', 'lost']);
    expect(seen(story).anomalies).toEqual({ checksum: 1, 'lost-tail': 1 });
  });

  test('a payload that does not match its checksum is not believed about who it is', () => {
    const story = new Story(alone)
      .acked('a0', 0)
      .read('a0', 0)
      .read('z9', 1, { intact: false })
      .readEnd({ end: 2 });
    expect(seen(story).anomalies).toEqual({ checksum: 1 });
  });

  test('a payload that a node hands out in the middle of the run is looked at', () => {
    const story = (intact: boolean) =>
      new Story(alone)
        .acked('a0', 0)
        .log('a0')
        .read('a0', 0, { node: 1, intact, file: 'inspector-1.1' });
    expect(seen(story(false)).invalid).toContain('corrupted');
    expect(seen(story(true))).toMatchObject({ invalid: [], anomalies: {} });
  });

  test('a delivery that does not match its checksum is corrupted', () => {
    const story = new Story()
      .acked('a0', 0)
      .log('a0')
      .consumed('a0')
      .delivered('a0', 0, { consumer: 1, intact: false });
    expect(seen(story).anomalies).toMatchObject({ checksum: 1 });
  });

  test('a key other than the one sent is corruption', () => {
    expect(
      seen(new Story(alone).acked('a0', 0, { key: 5 }).log('a0', { key: 6 })).anomalies,
    ).toEqual({ 'key-changed': 1 });
    expect(seen(new Story(alone).acked('a0', 0, { key: 5 }).log('a0', { key: 5 }))).toEqual(pass);
  });

  test('a position that comes to a group again with other content is corruption', () => {
    const told = () =>
      new Story({ scenario: { workload: { consumers: 2 } } })
        .acked('a0', 0)
        .acked('a1', 1)
        .log('a0 a1')
        .consumed('a0 a1');
    expect(seen(told().consumed('a0', { consumer: 2 })).anomalies).toEqual({ redelivered: 1 });
    expect(seen(told().consumed('a1', { consumer: 2, from: 0 }))).toMatchObject({
      verdict: 'fail',
      invalid: ['corrupted', 'duplicate', 'inconsistent-offset'],
      anomalies: { 'redelivery-changed': 1 },
    });
  });

  test('two groups that see different content at a position contradict each other, but nothing came again', () => {
    const story = new Story({ scenario: { workload: { consumers: 2, groups: 2 } } })
      .acked('a0', 0)
      .unknown('b0')
      .log('a0')
      .consumed('a0')
      .consumed('b0', { consumer: 2 });
    expect(seen(story).anomalies['redelivery-changed']).toBeUndefined();
    expect(seen(story).anomalies['inconsistent-offset']).toBe(1);
  });
});

describe('aborted read', () => {
  test('a failed message in the log was read although it had failed', () => {
    const story = new Story(alone).acked('a0', 0).failed('a1').log('a0 a1');
    expect(seen(story)).toEqual({
      verdict: 'fail',
      invalid: ['aborted-read'],
      unknown: [],
      anomalies: { 'aborted-read': 1 },
    });
    expect(seen(new Story(alone).acked('a0', 0).failed('a1').log('a0'))).toEqual(pass);
  });

  test('a failed message that a consumer was given was read although it had failed', () => {
    const story = new Story().acked('a0', 0).failed('a1').consumed('a0 a1').log('a0');
    expect(seen(story)).toEqual({
      verdict: 'fail',
      invalid: ['aborted-read'],
      unknown: [],
      anomalies: { 'aborted-read': 1 },
    });
  });
});
