import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());
const two = () =>
  new Story({ scenario: { workload: { consumers: 2 } } })
    .acked('a0', 0)
    .acked('a1', 1)
    .log('a0 a1')
    .consumed('a0 a1');

describe('redelivery', () => {
  test('what is given to a group again is counted and allowed', () => {
    const story = two().consumed('a1', { consumer: 2, from: 1 });
    expect(seen(story)).toEqual({ ...pass, anomalies: { redelivered: 1 } });
    expect(story.judge().accounting).toMatchObject({ redelivered: 1, deliveries: 3, delivered: 2 });
  });

  test('a second life of the same consumer is given again what the first had not acked', () => {
    const story = two().delivered('a1', 1, { life: 2 });
    expect(seen(story)).toEqual({ ...pass, anomalies: { redelivered: 1 } });
  });

  test('another group is given the log for the first time', () => {
    const story = new Story({ scenario: { workload: { consumers: 2, groups: 2 } } })
      .acked('a0', 0)
      .log('a0')
      .consumed('a0')
      .consumed('a0', { consumer: 2 });
    expect(seen(story).anomalies).toEqual({});
  });

  test('a position away from where the message was acked counts when it comes again', () => {
    const story = two()
      .consumed('a1', { consumer: 2, from: 7 })
      .consumed('a1', { consumer: 2, from: 7 });
    expect(seen(story).anomalies).toEqual({ 'duplicate-broker': 1, redelivered: 1 });
  });

  test('a record that the final read gives twice was not given to a group twice', () => {
    const story = new Story().acked('a0', 5).position('assigned').delivered('a0', 0);
    const judgement = story.read('a0', 0).read('a0', 0).readEnd({ end: 1 }).judge();
    expect(judgement.accounting.redelivered).toBe(0);
  });

  test('a delivered unknown is recovered and not a redelivery', () => {
    const judgement = new Story()
      .acked('a0', 0)
      .unknown('a1')
      .log('a0 a1')
      .consumed('a0 a1')
      .judge();
    expect(summaryOf(judgement)).toEqual(pass);
    expect(judgement.accounting).toMatchObject({
      unknown: 1,
      recovered: 1,
      redelivered: 0,
      duplicatesBroker: 0,
    });
  });
});
