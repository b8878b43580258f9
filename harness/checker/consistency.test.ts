import { describe, expect, test } from 'vitest';
import { Story, type StoryOptions } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());
const alone = { scenario: { workload: { consumers: 0 } } };

describe('one position, one message', () => {
  test('two acks for one position contradict each other', () => {
    const story = new Story(alone).acked('a0', 0).acked('b0', 0).log('a0');
    expect(seen(story)).toMatchObject({
      invalid: ['inconsistent-offset', 'lost'],
      anomalies: { 'inconsistent-offset': 1 },
    });
  });

  test('two acks for one position contradict each other even when the log has neither', () => {
    const story = new Story(alone).acked('a0', 0).acked('a1', 1).acked('b0', 1).log('a0');
    expect(seen(story).anomalies).toMatchObject({ 'inconsistent-offset': 1 });
  });

  test('an ack and the log contradict each other', () => {
    const story = new Story(alone).acked('a0', 0).acked('a1', 1).unknown('b0').log('a0 b0');
    expect(seen(story).anomalies).toMatchObject({ 'inconsistent-offset': 1, 'lost-tail': 1 });
  });

  test('a delivery and the log contradict each other', () => {
    const story = new Story()
      .acked('a0', 0)
      .unknown('b0')
      .unknown('b1')
      .consumed('a0 b1')
      .log('a0 b0');
    expect(seen(story).anomalies).toMatchObject({ 'inconsistent-offset': 1 });
  });

  test('two deliveries contradict each other', () => {
    const story = new Story({ scenario: { workload: { consumers: 2, groups: 2 } } })
      .acked('a0', 0)
      .unknown('b0')
      .unknown('b1')
      .consumed('a0 b0')
      .consumed('a0 b1', { consumer: 2 })
      .log('a0');
    expect(seen(story).anomalies).toMatchObject({ 'inconsistent-offset': 1 });
  });

  test('an acked message at the position of another contradicts it', () => {
    const story = new Story(alone).acked('a0', 0).acked('a1', 1).log('a1 a0');
    expect(seen(story).anomalies).toMatchObject({
      'inconsistent-offset': 2,
      'acked-elsewhere': 2,
    });
  });

  test('an ack names the position at which its message is seen', () => {
    const elsewhere = new Story(alone).acked('a0', 5).log('a0');
    expect(seen(elsewhere).anomalies).toEqual({ 'acked-elsewhere': 1 });
    const twice = new Story(alone).acked('a0', 0).log('a0 a0');
    expect(seen(twice).anomalies).toEqual({ 'duplicate-broker': 1 });
    const delivered = new Story().acked('a0', 1).unknown('a1').consumed('a1 a0').log('a1');
    expect(seen(delivered).anomalies['acked-elsewhere']).toBeUndefined();
  });

  test('partitions have their own offsets', () => {
    const story = new Story({ scenario: { topic: { partitions: 2 }, workload: { consumers: 0 } } })
      .acked('a0', 0)
      .acked('b0', 0, { partition: 1 })
      .log('a0')
      .log('b0', { partition: 1 });
    expect(seen(story)).toEqual(pass);
  });

  test('unknowns take any position', () => {
    const story = new Story().acked('a0', 0).unknown('b0', 3).unknown('b1', 4);
    story
      .position('assigned')
      .delivered('a0', 0)
      .delivered('b1', 1, { key: 4 })
      .delivered('b0', 2, { key: 3 });
    for (const node of [0, 1]) {
      story
        .read('a0', 0, { node })
        .read('b1', 1, { node, key: 4 })
        .read('b0', 2, { node, key: 3 })
        .readEnd({ node, end: 3 });
    }
    expect(seen(story)).toEqual(pass);
  });

  test('offsets of the final read rise', () => {
    const story = new Story(alone)
      .acked('a0', 0)
      .acked('a1', 1)
      .read('a0', 0)
      .read('a1', 1)
      .read('a0', 0)
      .readEnd({ end: 2 })
      .copy(1, 'a0 a1');
    expect(seen(story).anomalies).toEqual({ 'offset-not-rising': 1 });
    expect(
      seen(
        new Story(alone)
          .acked('a0', 0)
          .acked('a1', 1)
          .read('a1', 1)
          .read('a0', 0)
          .readEnd({ end: 2 }),
      ).invalid,
    ).toContain('inconsistent-offset');
  });

  test('a reading that gives two messages at one offset contradicts itself', () => {
    const story = new Story(alone)
      .acked('a0', 0)
      .unknown('b0')
      .read('a0', 0)
      .read('b0', 0)
      .readEnd({ end: 1 })
      .copy(1, 'a0');
    expect(seen(story).anomalies).toEqual({ 'inconsistent-offset': 1, 'offset-not-rising': 1 });
  });
});

describe('replicas', () => {
  const three = { scenario: { nodes: 3, workload: { consumers: 0 } } };
  const told = () =>
    new Story(three)
      .acked('a0', 0)
      .acked('a1', 1)
      .unknown('b0')
      .copy(0, 'a0 a1')
      .copy(1, 'a0 a1')
      .copy(2, 'a0 a1');
  const diverged = { verdict: 'fail', invalid: ['replica-divergence'], anomalies: { diverged: 1 } };

  test('equal copies agree', () => {
    expect(seen(told().copy(3, 'a0 a1'))).toEqual(pass);
  });

  test('a copy with another message at an offset diverges', () => {
    expect(seen(told().copy(3, 'a0 b0'))).toMatchObject({
      verdict: 'fail',
      invalid: ['lost', 'replica-divergence'],
      anomalies: { diverged: 1, 'lost-on-node': 1 },
    });
  });

  test('a copy with a message where the log has none diverges', () => {
    const story = new Story(three)
      .acked('a0', 0)
      .acked('a1', 2)
      .unknown('b0')
      .copy(0, 'a0 - a1')
      .copy(1, 'a0 - a1')
      .copy(2, 'a0 - a1')
      .copy(3, 'a0 b0 a1');
    expect(seen(story)).toMatchObject(diverged);
  });

  test('a copy that begins later than the log lacks its beginning', () => {
    expect(seen(told().copy(3, 'a1', { from: 1 }))).toMatchObject({
      verdict: 'fail',
      anomalies: { diverged: 1, 'lost-on-node': 1 },
    });
  });

  test('a copy with a message before the first of a log that begins empty diverges', () => {
    const story = new Story(three).unknown('a0').acked('a1', 1);
    story.copy(0, '- a1').copy(1, '- a1').copy(2, '- a1').copy(3, 'a0 a1');
    expect(seen(story)).toMatchObject(diverged);
  });

  test('a copy that is behind is no divergence, but not drained either', () => {
    expect(seen(told().copy(3, 'a0'))).toEqual({
      verdict: 'inconclusive',
      invalid: [],
      unknown: ['drain'],
      anomalies: {},
    });
  });

  test('a copy that goes beyond the log holds what the log does not', () => {
    expect(seen(told().copy(3, 'a0 a1 b0'))).toMatchObject(diverged);
    expect(seen(told().copy(3, 'a0 a1').readEnd({ node: 3, end: 3, complete: false }))).toEqual(
      pass,
    );
  });

  test('copies that hold different messages where the log ends diverge', () => {
    const story = (third: string) =>
      new Story(three)
        .acked('a0', 0)
        .unknown('a1')
        .unknown('a2')
        .copy(0, 'a0')
        .copy(1, 'a0')
        .copy(2, third);
    expect(seen(story('a0 a1').copy(3, 'a0 a2'))).toMatchObject({
      verdict: 'fail',
      anomalies: { diverged: 2 },
    });
    expect(seen(story('a0').copy(3, 'a0'))).toEqual(pass);
  });

  test('a copy that ends beyond the log without holding anything there leaves it open', () => {
    const story = told().read('a0', 0, { node: 3 }).read('a1', 1, { node: 3 });
    expect(seen(story.readEnd({ node: 3, end: 3 }))).toMatchObject({
      verdict: 'inconclusive',
      unknown: ['drain'],
    });
  });

  test('beyond a log that could not be read the copies are held against each other', () => {
    const story = () =>
      new Story(three)
        .acked('a0', 0)
        .unknown('b0')
        .unknown('b1')
        .read('a0', 0)
        .readEnd({ complete: false })
        .copy(1, 'a0');
    const partial = (told: Story, node: number, name: string) =>
      told.read('a0', 0, { node }).read(name, 1, { node }).readEnd({ node, complete: false });
    expect(seen(partial(partial(story(), 2, 'b0'), 3, 'b0')).invalid).toEqual([]);
    expect(seen(partial(partial(story(), 2, 'b0'), 3, 'b1')).anomalies).toEqual({ diverged: 1 });
    expect(seen(story().copy(2, 'a0 b0').copy(3, 'a0 b1')).anomalies).toEqual({ diverged: 1 });
  });

  test('a reading of the log that stopped half-way must agree as far as it went', () => {
    const story = (first: string) =>
      new Story(three).acked('a0', 0).unknown('b0').read(first, 0).readEnd({ complete: false });
    const copied = (told: Story) => told.copy(1, 'a0').copy(2, 'a0').copy(3, 'a0');
    expect(seen(copied(story('a0'))).invalid).toEqual([]);
    expect(seen(copied(story('b0'))).invalid).toContain('replica-divergence');
  });

  test('tell how many records were compared, and not how many there were', () => {
    const evidence = (story: Story) =>
      story.judge().verdicts.find(({ check }) => check === 'replica-divergence')!.evidence;
    expect(evidence(told().copy(3, 'a0 a1'))).toMatch(/^6 records compared on 3 nodes/);
    const unread = new Story(three).acked('a0', 0).acked('a1', 1).copy(1, 'a0').copy(2, 'a0 a1');
    expect(evidence(unread)).toMatch(/^1 record compared on 2 nodes/);
  });

  test('a copy that could not be read leaves it open', () => {
    expect(seen(told())).toMatchObject({
      verdict: 'inconclusive',
      invalid: [],
      unknown: ['drain', 'replica-divergence'],
    });
    expect(
      seen(told().read('a0', 0, { node: 3 }).readEnd({ node: 3, complete: false })).unknown,
    ).toEqual(['drain', 'replica-divergence']);
  });

  test('what an incomplete copy did give must agree', () => {
    expect(
      seen(
        told()
          .read('a0', 0, { node: 3 })
          .read('b0', 1, { node: 3 })
          .readEnd({ node: 3, complete: false }),
      ).invalid,
    ).toContain('replica-divergence');
  });

  test('when the log could not be read the copies are held against each other', () => {
    const story = () =>
      new Story(three)
        .acked('a0', 0)
        .unknown('b0')
        .unknown('b1')
        .readEnd({ complete: false })
        .copy(1, 'a0 b0')
        .copy(2, 'a0 b0');
    expect(seen(story().copy(3, 'a0 b0')).invalid).toEqual([]);
    expect(seen(story().copy(3, 'a0 b1')).invalid).toContain('replica-divergence');
  });

  test('copies that hold records of nobody at the same offsets agree', () => {
    const story = new Story(three).acked('a0', 0).log('a0 z9');
    expect(seen(story).invalid).toEqual(['never-sent']);
  });

  test('says that nothing was compared where a broker hands out no copy of a single node', () => {
    const evidence = (options: StoryOptions): string | undefined =>
      new Story({ ...options, target: 'nats', capabilities: { readEachReplica: false } })
        .acked('a0', 0)
        .log('a0')
        .judge()
        .verdicts.find(
          ({ check, verdict }) => check === 'replica-divergence' && verdict === 'not-applicable',
        )?.evidence;
    expect(evidence(three)).toBe(
      'not compared: nats lets one read a partition through its leader alone',
    );
    expect(evidence({})).toBe('the topic has one replica');
  });

  test("a node's own offsets rise", () => {
    const story = told()
      .read('a1', 1, { node: 3 })
      .read('a0', 0, { node: 3 })
      .readEnd({ node: 3, end: 2 });
    expect(seen(story)).toMatchObject({
      invalid: ['replica-divergence'],
      anomalies: { 'offset-not-rising': 1 },
    });
  });
});

describe('what a node hands out in the middle of a run', () => {
  const nodes = { nodes: 3, workload: { consumers: 0 } };
  const told = (scenario: object = {}) =>
    new Story({ scenario: { ...nodes, ...scenario } })
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2)
      .log('a0 a1 a2');

  test('may end before the log, also because the node refuses the rest', () => {
    expect(seen(told().inspected(2, 'a0 a1'))).toEqual(pass);
    expect(seen(told().inspected(2, 'a0', { complete: false }))).toEqual(pass);
    expect(seen(told().inspected(2, '', { complete: false }))).toEqual(pass);
  });

  test('has no hole', () => {
    const diverged = { invalid: ['replica-divergence'], anomalies: { diverged: 1 } };
    expect(seen(told().inspected(2, 'a0 - a2'))).toMatchObject(diverged);
    expect(seen(told().inspected(2, 'a0 - a2', { complete: false }))).toMatchObject(diverged);
    expect(seen(told().inspected(2, '- a1'))).toMatchObject(diverged);
  });

  test('never stands for the copy of the final read', () => {
    const story = new Story({ scenario: nodes })
      .acked('a0', 0)
      .copy(0, 'a0')
      .copy(1, 'a0')
      .copy(2, 'a0');
    story.inspected(3, 'a0');
    expect(seen(story)).toMatchObject({
      verdict: 'inconclusive',
      unknown: ['drain', 'replica-divergence'],
    });
  });

  test('may be gone after a fault that may take it', () => {
    const faults = [{ fault: 'power-cut', target: 'leader', at: '1s', for: '1s' } as const];
    const story = (flush: 'sync' | 'async') =>
      told({ topic: { flush, replicas: 3 }, phases: [{ name: 'main', duration: '60s', faults }] })
        .inspected(2, 'a0 a2')
        .fault(0, 1000);
    expect(seen(story('async')).anomalies['diverged']).toBeUndefined();
    expect(seen(story('sync')).anomalies['diverged']).toBe(1);
  });
});

describe('drain', () => {
  test('a partition that nobody read leaves everything open', () => {
    expect(seen(new Story(alone).acked('a0', 0)).unknown).toContain('drain');
  });

  test('a reading with fewer records than its offsets say is not the whole log', () => {
    const story = new Story(alone).acked('a0', 0).copy(1, 'a0').read('a0', 0).readEnd({ end: 2 });
    expect(seen(story)).toMatchObject({ verdict: 'inconclusive', unknown: ['drain'] });
  });

  test('an empty partition is drained', () => {
    const story = new Story({ scenario: { topic: { partitions: 2 }, workload: { consumers: 1 } } })
      .acked('a0', 0)
      .acked('a1', 1)
      .consumed('a0 a1')
      .log('a0 a1')
      .log('', { partition: 1 });
    expect(seen(story)).toEqual(pass);
  });
});
