import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import type { StoryOptions } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());

describe.each([
  ['dense offsets', 1, {}],
  ['offsets with gaps of 10', 10, { capabilities: { denseOffsets: false } }],
] as [string, number, StoryOptions][])('polls with %s', (_, step, options) => {
  const told = () =>
    new Story(options)
      .acked('a0', 0)
      .acked('a1', step)
      .acked('a2', 2 * step)
      .acked('a3', 3 * step)
      .log('a0 a1 a2 a3', { step });

  test('a consumer that goes from record to record misses nothing', () => {
    expect(seen(told().consumed('a0 a1 a2 a3', { step }))).toEqual(pass);
  });

  test('a record that an assignment passes over is skipped', () => {
    const story = told().consumed('a0 - a2 a3', { step });
    expect(seen(story)).toEqual({
      verdict: 'fail',
      invalid: ['poll', 'undelivered'],
      unknown: [],
      anomalies: { skipped: 1, undelivered: 1 },
    });
  });

  test('a skipped record is an anomaly even when another consumer was given it', () => {
    const story = told().consumed('a0 a1 a2 a3', { step }).consumed('a0 a1 - a3', { step });
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['poll'],
      anomalies: { skipped: 1 },
    });
  });

  test('what a new assignment begins with is its own affair', () => {
    const story = told()
      .consumed('a0 a1', { step })
      .consumed('a2 a3', { step, from: 2 * step });
    expect(seen(story)).toEqual(pass);
    expect(
      seen(
        told()
          .consumed('a0', { step })
          .consumed('a2 a3', { step, from: 2 * step }),
      ).anomalies,
    ).toEqual({ undelivered: 1 });
  });

  test('going back within an assignment is a rewound poll', () => {
    const story = told()
      .consumed('a0 a1 a2', { step })
      .delivered('a1', step)
      .delivered('a2', 2 * step)
      .delivered('a3', 3 * step);
    expect(seen(story)).toMatchObject({
      invalid: ['poll'],
      anomalies: { rewound: 1, redelivered: 2 },
    });
  });

  test('the same record twice in a row is a rewound poll', () => {
    const story = told()
      .consumed('a0 a1', { step })
      .delivered('a1', step)
      .delivered('a2', 2 * step)
      .delivered('a3', 3 * step);
    expect(seen(story).anomalies).toEqual({ rewound: 1, redelivered: 1 });
  });

  test('a corrupt delivery still takes its place', () => {
    const story = told()
      .consumed('a0', { step })
      .delivered('a1', step, { intact: false })
      .delivered('a2', 2 * step)
      .delivered('a3', 3 * step);
    expect(seen(story).invalid).not.toContain('poll');
  });

  test('the life that a restarted consumer begins is a new assignment', () => {
    const story = told()
      .consumed('a0 a1', { step })
      .delivered('a0', 0, { life: 2 })
      .delivered('a1', step, { life: 2 })
      .delivered('a2', 2 * step, { life: 2 })
      .delivered('a3', 3 * step, { life: 2 });
    expect(seen(story)).toEqual({ ...pass, anomalies: { redelivered: 2 } });
  });
});

test('gaps in offsets cannot be told from skipped records while the log was not read', () => {
  const story = new Story({ capabilities: { denseOffsets: false } })
    .acked('a0', 0)
    .acked('a1', 10)
    .consumed('a0 a1', { step: 10 });
  expect(seen(story.readEnd({ complete: false })).unknown).toContain('poll');
});

test.each([true, false])(
  'consumers that compete read no partition as a log (groups: %s)',
  (groups) => {
    const story = new Story({ capabilities: { competingConsumers: true, groups } })
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2)
      .log('a0 a1 a2')
      .consumed('a0 - a2')
      .consumed('a1', { from: 1 });
    expect(seen(story)).toMatchObject({ invalid: [], anomalies: {} });
  },
);
