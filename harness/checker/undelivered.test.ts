import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());
const three = () => new Story().acked('a0', 0).acked('a1', 1).acked('a2', 2);

describe('delivery of the whole log', () => {
  test('a group that was given every record is served', () => {
    expect(seen(three().consumed('a0 a1 a2').log('a0 a1 a2'))).toEqual(pass);
  });

  test('a record below the point that the group reached and never given to it is undelivered', () => {
    const story = three()
      .acked('a3', 3)
      .consumed('a0')
      .consumed('a2 a3', { from: 2 })
      .log('a0 a1 a2 a3');
    expect(seen(story)).toEqual({
      verdict: 'fail',
      invalid: ['undelivered'],
      unknown: [],
      anomalies: { undelivered: 1 },
    });
  });

  test('a record beyond the point that the group reached may still come', () => {
    const story = three().consumed('a0 a1').log('a0 a1 a2');
    expect(seen(story)).toEqual({
      verdict: 'inconclusive',
      invalid: [],
      unknown: ['drain', 'undelivered'],
      anomalies: {},
    });
  });

  test('members share the log between them', () => {
    const story = new Story({ scenario: { workload: { consumers: 2 } } })
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2)
      .consumed('a0')
      .consumed('a1 a2', { from: 1, consumer: 2 })
      .log('a0 a1 a2');
    expect(seen(story)).toEqual(pass);
  });

  test('each group is owed the whole log', () => {
    const told = () =>
      new Story({ scenario: { workload: { consumers: 2, groups: 2 } } })
        .acked('a0', 0)
        .acked('a1', 1)
        .acked('a2', 2)
        .consumed('a0 a1 a2')
        .log('a0 a1 a2');
    expect(seen(told().consumed('a0 a1 a2', { consumer: 2 }))).toEqual(pass);
    expect(
      seen(told().consumed('a0', { consumer: 2 }).consumed('a2', { consumer: 2, from: 2 })),
    ).toMatchObject({
      verdict: 'fail',
      invalid: ['undelivered'],
      anomalies: { undelivered: 1 },
    });
  });

  test('an unknown that is in the log is owed too', () => {
    const story = new Story()
      .acked('a0', 0)
      .unknown('a1')
      .acked('a2', 2)
      .consumed('a0')
      .consumed('a2', { from: 2 })
      .log('a0 a1 a2');
    expect(seen(story)).toMatchObject({ verdict: 'fail', invalid: ['undelivered'] });
  });

  test('a message that is in the log twice needs to be given once', () => {
    const story = new Story({ scenario: { workload: { idempotent: false } } })
      .acked('a0', 0, { attempts: 2 })
      .acked('a1', 2)
      .acked('a2', 3)
      .consumed('a0')
      .consumed('a1 a2', { from: 2 })
      .log('a0 a0 a1 a2');
    expect(seen(story)).toEqual({ ...pass, anomalies: { 'duplicate-producer-retry': 1 } });
  });

  test('without positions the group is served when it was given everything', () => {
    const bare = {
      capabilities: { positions: false, denseOffsets: false, readEachReplica: false },
    };
    const told = () =>
      new Story(bare)
        .acked('a0', -1)
        .acked('a1', -1)
        .read('a0', -1)
        .read('a1', -1)
        .readEnd({ start: -1, end: -1 });
    expect(seen(told().delivered('a1', -1).delivered('a0', -1)).unknown).toEqual([]);
    expect(seen(told().delivered('a1', -1)).unknown).toEqual(['drain', 'undelivered']);
  });
});
