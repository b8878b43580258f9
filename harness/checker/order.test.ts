import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import type { StoryOptions } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());
const alone: StoryOptions = { scenario: { workload: { consumers: 0 } } };
const reordered = (anomalies: Record<string, number>) => ({
  verdict: 'fail',
  invalid: ['order'],
  unknown: [],
  anomalies,
});

describe('order in the log', () => {
  test('a message behind a later one of its producer and key is reordered', () => {
    expect(seen(new Story(alone).acked('a0', 1).acked('a1', 0).log('a1 a0'))).toEqual(
      reordered({ reordered: 1 }),
    );
    expect(seen(new Story(alone).acked('a0', 0).acked('a1', 1).log('a0 a1'))).toEqual(pass);
  });

  test('keys owe each other no order', () => {
    const story = new Story(alone).acked('a0', 1, { key: 7 }).acked('a1', 0, { key: 8 });
    for (const node of [0, 1])
      story
        .read('a1', 0, { node, key: 8 })
        .read('a0', 1, { node, key: 7 })
        .readEnd({ node, end: 2 });
    expect(seen(story)).toEqual(pass);
  });

  test('producers owe each other no order', () => {
    expect(
      seen(new Story(alone).acked('a0', 1).acked('b0', 0).acked('b1', 2).log('b0 a0 b1')),
    ).toEqual(pass);
  });

  test('partitions owe each other no order', () => {
    const story = new Story({ scenario: { topic: { partitions: 2 }, workload: { consumers: 0 } } })
      .acked('a0', 0, { partition: 1 })
      .acked('a1', 0)
      .log('a1')
      .log('a0', { partition: 1 });
    expect(seen(story)).toEqual(pass);
  });

  test('each late message is counted once, however early the later one came', () => {
    const story = new Story(alone).acked('a0', 1).acked('a1', 2).acked('a2', 0).log('a2 a0 a1');
    expect(seen(story)).toEqual(reordered({ reordered: 2 }));
  });

  test('the second copy of a duplicate is not late', () => {
    const story = new Story(alone).acked('a0', 0).acked('a1', 1).log('a0 a1 a0');
    expect(seen(story).anomalies).toEqual({ 'duplicate-broker': 1 });
  });

  test('a retry may be late when the producer was not idempotent', () => {
    const careless: StoryOptions = { scenario: { workload: { consumers: 0, idempotent: false } } };
    const told = (attempts: number) =>
      new Story(careless).acked('a0', 1, { attempts }).acked('a1', 0).log('a1 a0');
    expect(seen(told(2))).toEqual({ ...pass, anomalies: { 'reordered-producer-retry': 1 } });
    expect(seen(told(1))).toEqual(reordered({ reordered: 1 }));
  });

  test('a retry may be late where the broker takes it where it comes, and nothing else may', () => {
    const told = (attempts: number) =>
      new Story({ ...alone, capabilities: { retriesKeepOrder: false } })
        .acked('a0', 1, { attempts })
        .acked('a1', 0)
        .log('a1 a0');
    expect(seen(told(2))).toEqual({ ...pass, anomalies: { 'reordered-producer-retry': 1 } });
    expect(seen(told(1))).toEqual(reordered({ reordered: 1 }));
  });

  test('a broker that promises no order is not asked', () => {
    const story = new Story({ ...alone, capabilities: { orderScope: 'none' } });
    expect(seen(story.acked('a0', 1).acked('a1', 0).log('a1 a0'))).toEqual(pass);
  });
});

describe('order of delivery', () => {
  const told = () => new Story().acked('a0', 0).acked('a1', 1).acked('a2', 2).log('a0 a1 a2');

  test('is not asked of consumers that compete: one may be given what another gave back', () => {
    const story = new Story({ capabilities: { competingConsumers: true } })
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2)
      .log('a0 a1 a2')
      .consumed('a0')
      .delivered('a2', 2)
      .delivered('a1', 1);
    expect(seen(story)).toMatchObject({ invalid: [], anomalies: {} });
  });

  test('a session that is given a later message first sees them reordered', () => {
    const story = told().consumed('a0').delivered('a2', 2).delivered('a1', 1);
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['order', 'poll'],
      anomalies: { 'reordered-delivery': 1 },
    });
  });

  test('a session that is given a message again sees a rewound poll, and no new order', () => {
    const story = told().consumed('a0 a1').delivered('a0', 0).delivered('a1', 1).delivered('a2', 2);
    expect(seen(story)).toMatchObject({
      invalid: ['poll'],
      anomalies: { rewound: 1, redelivered: 2 },
    });
    expect(seen(story).anomalies['reordered-delivery']).toBeUndefined();
  });

  test.each(['assigned', 'revoked'] as const)('after "%s" a session starts anew', (type) => {
    const story = told()
      .consumed('a0 a1 a2')
      .position(type)
      .delivered('a0', 0)
      .delivered('a1', 1)
      .delivered('a2', 2);
    expect(seen(story)).toEqual({ ...pass, anomalies: { redelivered: 3 } });
  });

  test('after "diverged" a session starts anew, and whoever sent it back answers for that', () => {
    const story = told().consumed('a0 a1 a2').position('diverged').delivered('a0', 0);
    expect(seen(story.delivered('a1', 1).delivered('a2', 2))).toMatchObject({
      invalid: ['poll'],
      anomalies: { redelivered: 3, 'sent-back': 1 },
    });
  });

  test('another partition that is assigned leaves the session alone', () => {
    const story = told()
      .consumed('a0')
      .delivered('a2', 2)
      .position('assigned', 1, 3)
      .delivered('a1', 1);
    expect(seen(story).anomalies['reordered-delivery']).toBe(1);
  });

  test('another consumer is another session', () => {
    const story = new Story({ scenario: { workload: { consumers: 2 } } })
      .acked('a0', 0)
      .acked('a1', 1)
      .log('a0 a1')
      .consumed('a1', { from: 1 })
      .consumed('a0', { consumer: 2 });
    expect(seen(story)).toMatchObject({ invalid: [], anomalies: {} });
  });
});
