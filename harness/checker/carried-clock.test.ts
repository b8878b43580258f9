import { describe, expect, test } from 'vitest';
import type { HistoryEvent } from '../history/events.ts';
import { judgeHistory } from '../judge/judge-history.ts';
import type { Judgement } from '../judge/judgement.ts';
import { checkers } from './registry.ts';
import { Draws } from './testing/draws.ts';
import { MemoryHistory } from './testing/memory-history.ts';
import { randomHistory } from './testing/random-history.ts';
import { carryOver, Story } from './testing/story.ts';
import type { StoryOptions } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

// Workers on another kernel: their times compare with those of faults within a bound alone.
const seen = (story: Story) => summaryOf(story.judge());

/** The leader is killed at 1000 ms (asked for at 999), where the followers may lack messages. */
function lossy(clockBoundMs: number | null, consumers = 0): Story {
  const faults = [{ fault: 'kill', target: 'leader', at: '1s', for: '1s' }];
  const options: StoryOptions = {
    clockBoundMs,
    scenario: {
      nodes: 3,
      topic: { replication: 'async', replicas: 3 },
      workload: { consumers },
      phases: [{ name: 'main', duration: '60s', faults }],
      checks: checkers.map(({ name }) => name).filter((name) => name !== 'recovery'),
    },
    exposures: new Map([[0, 5]]),
  };
  return new Story(options).fault(0, 1000, { victims: ['node 1'] });
}

/** Acked at 10 and at `ms`; the second is lost. */
const lostAt = (ms: number, clockBoundMs: number | null): Story =>
  lossy(clockBoundMs)
    .at(10)
    .acked('a0', 0)
    .at(ms - 1)
    .acked('a1', 1)
    .log('a0');

describe('a loss near a fault', () => {
  test('is excused when it was sent before it, however the clocks stand', () => {
    expect(seen(lostAt(990, 5))).toEqual({ ...pass, anomalies: { 'lost-window': 1 } });
  });

  test('is a violation when it was sent after it, however the clocks stand', () => {
    expect(seen(lostAt(1010, 5))).toMatchObject({
      verdict: 'fail',
      invalid: ['lost'],
      anomalies: { 'lost-tail': 1 },
    });
  });

  test.each([996, 999, 1002, 1004])('is neither when that cannot be told: sent at %d ms', (ms) => {
    const story = lostAt(ms, 5);
    expect(seen(story)).toMatchObject({ verdict: 'inconclusive', unknown: ['lost'] });
    expect(seen(story).anomalies ?? {}).toEqual({});
    expect(story.judge().reasons.join('\n')).toMatch(
      /1 acked message is lost, and whether that was allowed cannot be told/,
    );
    expect(story.judge().accounting.lost).toBe(1);
  });

  test('is a hole for certain only beside what survived for certain', () => {
    const story = (ms: number) =>
      lossy(5).at(10).acked('a0', 0).at(900).acked('a1', 1).at(ms).acked('a2', 2).log('a0 - a2');
    // Acked before the fault, and behind the loss: no tail was cut off there.
    expect(seen(story(950))).toMatchObject({ verdict: 'fail', invalid: ['lost'] });
  });

  test('is not held against a fault whose time nobody knows', () => {
    expect(seen(lostAt(500, null))).toMatchObject({ verdict: 'inconclusive' });
    expect(seen(lostAt(2000, null))).toMatchObject({ verdict: 'inconclusive' });
  });
});

type Scenario = NonNullable<StoryOptions['scenario']>;

/** One fault of a cluster of three, and a bound of 5 ms. */
function hit(
  fault: { readonly fault: string; readonly target?: string },
  topic: Scenario['topic'],
  options: Pick<StoryOptions, 'target' | 'capabilities'> & { readonly consumers?: number } = {},
): Story {
  const { consumers = 0, ...others } = options;
  const faults = [{ target: 'leader', at: '1s', for: '1s', ...fault }];
  return new Story({
    ...others,
    clockBoundMs: 5,
    scenario: {
      nodes: 3,
      topic: { replicas: 3, ...topic },
      workload: { consumers },
      phases: [{ name: 'main', duration: '60s', faults }],
      checks: checkers.map(({ name }) => name).filter((name) => name !== 'recovery'),
    },
    exposures: new Map([[0, 5]]),
  });
}

const three = ['node 1', 'node 2', 'node 3'];

const unsynced = () =>
  hit(
    { fault: 'power-cut', target: 'all-nodes' },
    { flush: 'async', replication: 'quorum', flushInterval: '100ms' },
    {
      consumers: 1,
      target: 'nats',
      capabilities: { competingConsumers: true, readEachReplica: false },
    },
  );

/** What was acked of it is a0 and a1, of which the cut takes a1; b0, b1 and b2 come instead. */
const regrown = (before: (story: Story) => Story): Story =>
  before(unsynced().at(900).acked('a0', 0).acked('a1', 1).invoke('a2'))
    .fault(0, 1000, { victims: three })
    .at(2500)
    .acked('b0', 1)
    .acked('b1', 2)
    .acked('b2', 3);

test('a cursor was ahead of a fault for certain, not at all, or neither', () => {
  // a2 was never acked, and given at `ms`; b1 lies where it lay.
  const givenAt = (ms: number) =>
    seen(
      regrown((story) => story.complete('a2', 'info').consumed('a0 a1').at(ms).delivered('a2', 2))
        .delivered('b2', 3)
        .log('a0 b0 b1 b2'),
    );
  expect(givenAt(990)).toMatchObject({ verdict: 'pass', anomalies: { 'passed-over': 2 } });
  expect(givenAt(997)).toMatchObject({ verdict: 'inconclusive', unknown: ['undelivered'] });
  expect(givenAt(1003)).toMatchObject({ verdict: 'inconclusive', unknown: ['undelivered'] });
  expect(givenAt(1010)).toMatchObject({ verdict: 'fail', invalid: ['undelivered'] });
});

test('a message was under way when a fault struck for certain, not at all, or neither', () => {
  // a2 had its outcome at `ms`, and is given long after the cut; b1 lies where it lay.
  const learnedAt = (ms: number) =>
    seen(
      regrown((story) => story.at(ms).complete('a2', 'info').consumed('a0 a1'))
        .delivered('a2', 2)
        .delivered('b2', 3)
        .log('a0 b0 b1 b2'),
    );
  expect(learnedAt(1010)).toMatchObject({ verdict: 'pass', anomalies: { 'split-brain': 1 } });
  expect(learnedAt(1003)).toMatchObject({ verdict: 'inconclusive', unknown: ['undelivered'] });
  expect(learnedAt(997)).toMatchObject({ verdict: 'inconclusive', unknown: ['undelivered'] });
  expect(learnedAt(990)).toMatchObject({ verdict: 'fail', invalid: ['undelivered'] });
});

test('what a flush interval explains is excused for certain, not at all, or neither', () => {
  // Measured at 999 ms, 100 ms of interval and 10 of a sync before: acked since 889.
  const ackedAt = (ms: number) =>
    seen(
      hit(
        { fault: 'power-cut', target: 'all-nodes' },
        { flush: 'async', replication: 'quorum', flushInterval: '100ms' },
      )
        .at(10)
        .acked('a0', 0)
        .at(ms - 1)
        .acked('a1', 1)
        .fault(0, 1000, { victims: three })
        .log('a0'),
    );
  expect(ackedAt(896)).toMatchObject({ verdict: 'pass', anomalies: { 'lost-window': 1 } });
  expect(ackedAt(891)).toMatchObject({ verdict: 'inconclusive', unknown: ['lost'] });
  expect(ackedAt(887)).toMatchObject({ verdict: 'inconclusive', unknown: ['lost'] });
  expect(ackedAt(882)).toMatchObject({
    verdict: 'fail',
    anomalies: { 'lost-beyond-window': 1 },
  });
});

test('what is sent while a fault lasts is excused until it was healed for certain', () => {
  // Healed at 1100 ms, as was asked for at 1099.
  const sentAt = (ms: number) =>
    seen(
      hit({ fault: 'cut' }, { replication: 'async' })
        .at(10)
        .acked('a0', 0)
        .at(ms - 1)
        .acked('a1', 1)
        .fault(0, 1000, { victims: ['node 1'] })
        .log('a0'),
    );
  expect(sentAt(1092)).toMatchObject({ verdict: 'pass', anomalies: { 'lost-window': 1 } });
  expect(sentAt(1097)).toMatchObject({ verdict: 'inconclusive', unknown: ['lost'] });
  expect(sentAt(1103)).toMatchObject({ verdict: 'inconclusive', unknown: ['lost'] });
  expect(sentAt(1110)).toMatchObject({ verdict: 'fail', invalid: ['lost'] });
});

describe('a run', () => {
  const whole = (clockBoundMs: number | null) =>
    lossy(clockBoundMs).at(10).acked('a0', 0).at(900).acked('a1', 1).log('a0 a1');

  test('passes where the clocks compare closely', () => {
    expect(seen(whole(20))).toEqual(pass);
  });

  test('is inconclusive where they do not, or nobody looked again, though nothing was lost', () => {
    expect(whole(20.5).judge()).toMatchObject({ verdict: 'inconclusive' });
    expect(whole(20.5).judge().reasons[0]).toMatch(/known to ±20\.5 ms only, more than 20 ms/);
    expect(whole(null).judge()).toMatchObject({ verdict: 'inconclusive' });
    expect(whole(null).judge().reasons[0]).toMatch(/not measured again at the end/);
  });

  test('counts as exposed what was acked before the fault for certain, within its second', () => {
    const exposed = (clockBoundMs: number) =>
      lossy(clockBoundMs)
        .at(2)
        .acked('a0', 0)
        .at(500)
        .acked('a1', 1)
        .at(996)
        .acked('a2', 2)
        .log('a0 a1 a2')
        .judge().faults[0]!.exposedMessages;
    expect(exposed(0)).toBe(3);
    expect(exposed(10)).toBe(1);
  });
});

test('a consumer is sent back legally after such a fault, not before, and unclearly in between', () => {
  const sentBack = (ms: number) =>
    seen(
      lossy(5, 1)
        .at(10)
        .acked('a0', 0)
        .acked('a1', 1)
        .consumed('a0 a1')
        .at(ms)
        .position('diverged', 1, 0, 1)
        .delivered('a1', 1)
        .log('a0 a1'),
    );
  expect(sentBack(1010)).toMatchObject({ verdict: 'pass', anomalies: { 'sent-back-window': 1 } });
  expect(sentBack(900)).toMatchObject({ verdict: 'fail', invalid: ['poll'] });
  expect(sentBack(1002)).toMatchObject({ verdict: 'inconclusive', unknown: ['poll'] });
});

describe('a recovery time', () => {
  function outage(limitMs?: number): Story {
    const faults = [{ fault: 'kill', target: 'leader', at: '1s', for: '1s' }];
    const story = new Story({
      clockBoundMs: 4,
      scenario: {
        nodes: 3,
        workload: { consumers: 0 },
        phases: [{ name: 'main', duration: '60s', faults }],
        checks: ['recovery'],
        ...(limitMs !== undefined && { limits: { recoveryMs: limitMs } }),
      },
    }).fault(0, 1000);
    for (let ms = 0, sequence = 0; ms < 9000; ms += 100, sequence++) {
      story.at(ms).invoke(`a${sequence}`);
      if (ms < 1000 || ms >= 1500) story.at(ms + 2).complete(`a${sequence}`, 'ok', { offset: ms });
      else story.at(ms + 50).complete(`a${sequence}`, 'info');
    }
    return story.phase('drain', 9000);
  }

  test('is told with its bound: the clocks, and how long the deed took to be told', () => {
    const { faults, verdicts } = outage().judge();
    expect(faults[0]).toMatchObject({ rtoMs: 502, rtoBoundMs: 5 });
    expect(verdicts[0]!.evidence).toContain('502.0 ±5.0 ms');
  });

  test.each([
    [500, 'unknown'],
    [505, 'unknown'],
    [508, 'valid'],
    [496, 'invalid'],
  ])('against a limit of %d ms is %s', (limit, verdict) => {
    expect(outage(limit).judge().limits[0]).toMatchObject({ verdict });
  });
});

const histories = 3000;
const judged = checkers.filter(({ name }) => name !== 'recovery');
const measured = {
  doubts: [],
  responseP99Ms: null,
  due: { due: 0, acked: 0, failed: 0 },
  endToEndP99Ms: null,
  ackedPerSecond: null,
};

/** The same history as a harness would have it whose workers have another clock. */
function toldFromAfar(
  history: MemoryHistory,
  draws: Draws,
): { readonly history: MemoryHistory; readonly clockBoundMs: number } {
  const boundNanos = draws.below(4) * 1e6;
  const shift = (draws.below(201) / 100 - 1) * boundNanos;
  const told = new MemoryHistory();
  told.missing.push(...history.missing);
  for (const { header, events, closed } of history.files) {
    const file = told.file(header);
    file.closed = closed;
    for (const event of events)
      file.events.push(header.role === 'harness' ? heardLate(event, draws) : moved(event, shift));
  }
  carryOver(told);
  return { history: told, clockBoundMs: boundNanos / 1e6 };
}

function heardLate(event: HistoryEvent, draws: Draws): HistoryEvent {
  if (event.type !== 'fault') return event;
  const [early, late] = [draws.below(3) * 1e6, draws.below(3) * 1e6];
  if (event.step === 'effective')
    return { ...event, begunAt: event.time - early, time: event.time + late };
  if (event.step === 'healed') return { ...event, time: event.time + late };
  return event;
}

function moved(event: HistoryEvent, shift: number): HistoryEvent {
  return 'time' in event ? { ...event, time: event.time + shift } : event;
}

test(`nothing is said for certain from afar that is not so, on ${histories} random histories`, () => {
  const outcomes = { same: 0, unclear: 0 };
  for (let seed = 0; seed < histories; seed++) {
    const { history, ...circumstances } = randomHistory(seed);
    const near = judgeHistory(history, circumstances, measured, judged);
    const { history: told, clockBoundMs } = toldFromAfar(history, new Draws(seed));
    // Then every time is taken as exact, and is none.
    if (clockBoundMs === 0) continue;
    const far = judgeHistory(told, { ...circumstances, clockBoundMs }, measured, judged);
    for (const [index, { check, verdict }] of far.verdicts.entries()) {
      const truth = near.verdicts[index]!.verdict;
      const said = `seed ${seed}, ${check}: ${verdict} and in truth ${truth}`;
      if (verdict === 'valid') expect(truth, said).not.toBe('invalid');
      if (verdict === 'invalid') expect(truth, said).toBe('invalid');
      outcomes[verdict === truth ? 'same' : 'unclear']++;
    }
    if (far.verdict === 'pass') expect(near.verdict, `seed ${seed}`).toBe('pass');
    if (far.verdict === 'fail') expect(near.verdict, `seed ${seed}`).toBe('fail');
    expect(exposedOf(far), `seed ${seed}`).toBeLessThanOrEqual(exposedOf(near));
  }
  expect(outcomes.unclear, 'what cannot be told came up').toBeGreaterThan(20);
  expect(outcomes.same).toBeGreaterThan(20 * outcomes.unclear);
}, 120_000);

function exposedOf({ faults }: Judgement): number {
  return faults.reduce((sum, { exposedMessages }) => sum + exposedMessages, 0);
}
