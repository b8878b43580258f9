import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import type { StoryOptions } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

const noConsumers = { scenario: { workload: { consumers: 0 } } };
const seen = (story: Story) => summaryOf(story.judge());
const lost = (anomalies: Record<string, number>) => ({
  verdict: 'fail',
  invalid: ['lost'],
  unknown: [],
  anomalies,
});

test('without positions a message is lost only once every partition was read to its end', () => {
  const story = () =>
    new Story({
      capabilities: { positions: false },
      scenario: { topic: { partitions: 2 }, workload: { consumers: 0 }, checks: ['lost'] },
    })
      .acked('a0', -1)
      .readEnd();
  const verdictOf = (told: Story) => told.judge().verdicts.find(({ check }) => check === 'lost')!;
  expect(verdictOf(story())).toMatchObject({ verdict: 'unknown', anomalies: [] });
  expect(story().judge().accounting.lost).toBe(0);
  expect(verdictOf(story().readEnd({ partition: 1 })).verdict).toBe('invalid');
});

describe('loss', () => {
  test('an acked message in the final read is safe', () => {
    expect(seen(new Story(noConsumers).acked('a0', 0).log('a0'))).toEqual(pass);
  });

  test('an acked message missing behind all that survived is a lost tail', () => {
    const story = new Story(noConsumers).acked('a0', 0).acked('a1', 1).log('a0');
    expect(seen(story)).toEqual(lost({ 'lost-tail': 1 }));
  });

  test('an acked message missing before all that survived is a lost prefix', () => {
    const story = new Story(noConsumers).acked('a0', 0).acked('a1', 1).log('a1', { from: 1 });
    expect(seen(story)).toEqual(lost({ 'lost-prefix': 1 }));
  });

  test('an acked message missing between survivors is a hole', () => {
    const story = new Story(noConsumers)
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2)
      .log('a0 - a2');
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['lost'],
      anomalies: { 'lost-middle': 1 },
    });
  });

  test('a partition of which nothing survived lost all', () => {
    const told = () =>
      new Story({ scenario: { topic: { partitions: 2 }, workload: { consumers: 0 } } })
        .acked('a0', 0)
        .acked('b0', 1)
        .acked('a1', 0, { partition: 1 })
        .log('a1', { partition: 1 });
    expect(seen(told().log('')).anomalies).toEqual({ 'lost-all': 2 });
    expect(seen(told().log('a0')).anomalies).toEqual({ 'lost-tail': 1 });
  });

  test('an empty log that ends behind what it lost has dropped its beginning', () => {
    const story = new Story(noConsumers).acked('a0', 0).acked('a1', 1).log('', { from: 2 });
    expect(seen(story).anomalies).toEqual({ 'lost-prefix': 2 });
  });

  test('a place left empty before what nobody acked is a hole, where every offset is used', () => {
    const told = (denseOffsets: boolean) =>
      new Story({ capabilities: { denseOffsets }, ...noConsumers })
        .acked('a0', 0)
        .acked('a1', 1)
        .unknown('a2')
        .log('a0 - a2');
    expect(seen(told(true)).anomalies).toEqual({ 'lost-middle': 1 });
    expect(seen(told(false)).anomalies).toEqual({ 'lost-tail': 1 });
  });

  test('what was acked at the position of a survivor lies on no side of it', () => {
    const told = (offset: number) => new Story(noConsumers).acked('a0', 0).acked('b0', offset);
    expect(seen(told(0).log('a0')).anomalies).toEqual({
      'lost-unplaced': 1,
      'inconsistent-offset': 1,
    });
    expect(seen(told(1).log('a0')).anomalies).toEqual({ 'lost-tail': 1 });
  });

  test('the tail of one producer is a hole of the partition when another producer went on behind it', () => {
    const story = new Story(noConsumers)
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('b0', 2)
      .log('a0 - b0');
    expect(seen(story).anomalies).toEqual({ 'lost-middle': 1 });
  });

  test('partitions are judged apart', () => {
    const story = new Story({ scenario: { topic: { partitions: 2 }, workload: { consumers: 0 } } })
      .acked('a0', 0, { partition: 0 })
      .acked('a1', 0, { partition: 1 })
      .acked('a2', 1, { partition: 0 })
      .log('a0', { partition: 0 })
      .log('a1', { partition: 1 });
    expect(seen(story)).toEqual(lost({ 'lost-tail': 1 }));
  });

  test('an unknown that is nowhere was never promised', () => {
    expect(seen(new Story(noConsumers).acked('a0', 0).unknown('a1').log('a0'))).toEqual(pass);
  });

  test('a send that its worker did not live to complete was never promised', () => {
    expect(seen(new Story(noConsumers).acked('a0', 0).invoke('a1').log('a0'))).toEqual(pass);
  });

  test('an unknown in the log is recovered', () => {
    const judgement = new Story(noConsumers)
      .acked('a0', 0)
      .unknown('a1')
      .invoke('a2')
      .log('a0 a1 a2')
      .judge();
    expect(summaryOf(judgement)).toEqual(pass);
    expect(judgement.accounting).toMatchObject({
      sent: 3,
      acked: 1,
      unknown: 2,
      inLog: 3,
      recovered: 2,
      lost: 0,
    });
  });

  test('a message that a consumer was given and the log has lost has vanished', () => {
    const story = new Story().acked('a0', 0).acked('a1', 1).consumed('a0 a1').log('a0');
    expect(seen(story)).toEqual(lost({ 'lost-tail': 1, vanished: 1 }));
    expect(story.judge().accounting).toMatchObject({ lost: 1, vanished: 1 });
  });

  test('an unknown that a consumer was given must stay in the log', () => {
    const story = new Story().acked('a0', 0).unknown('a1').consumed('a0 a1').log('a0');
    expect(seen(story)).toEqual(lost({ 'vanished-unacked': 1 }));
  });

  test('nothing is said of a partition that was not read to its end', () => {
    const story = new Story(noConsumers)
      .acked('a0', 0)
      .acked('a1', 1)
      .read('a0', 0)
      .readEnd({ complete: false });
    expect(seen(story)).toMatchObject({ verdict: 'inconclusive', invalid: [], anomalies: {} });
    expect(seen(story).unknown).toContain('lost');
  });

  test('a second, complete reading replaces the first', () => {
    const story = new Story(noConsumers)
      .acked('a0', 0)
      .acked('a1', 1)
      .read('a0', 0)
      .readEnd({ complete: false });
    expect(seen(story.log('a0 a1'))).toEqual(pass);
  });

  test('a later broken reading does not replace a complete one', () => {
    const story = new Story(noConsumers)
      .acked('a0', 0)
      .acked('a1', 1)
      .log('a0 a1')
      .read('a0', 0)
      .readEnd({ complete: false });
    expect(seen(story)).toEqual(pass);
  });

  test('an acked message that one replica lacks is lost on that node', () => {
    const three = { scenario: { nodes: 3, workload: { consumers: 0 } } };
    const told = () =>
      new Story(three)
        .acked('a0', 0)
        .acked('a1', 1)
        .acked('a2', 2)
        .copy(0, 'a0 a1 a2')
        .copy(1, 'a0 a1 a2')
        .copy(2, 'a0 a1 a2');
    expect(seen(told().copy(3, 'a0 a1 a2'))).toEqual(pass);
    expect(seen(told().copy(3, 'a0 - a2'))).toMatchObject({
      verdict: 'fail',
      invalid: ['lost', 'replica-divergence'],
      anomalies: { 'lost-on-node': 1, diverged: 1 },
    });
  });

  test('without positions the order of a producer tells where the loss lies', () => {
    const bare: StoryOptions = {
      capabilities: { positions: false, denseOffsets: false, readEachReplica: false },
      ...noConsumers,
    };
    const told = () => new Story(bare).acked('a0', -1).acked('a1', -1).acked('a2', -1);
    const read = (story: Story, ...names: string[]) => {
      for (const name of names) story.read(name, -1);
      return story.readEnd({ start: -1, end: -1 });
    };
    expect(seen(read(told(), 'a0', 'a1', 'a2'))).toEqual(pass);
    expect(seen(read(told(), 'a0', 'a2'))).toEqual(lost({ 'lost-middle': 1 }));
    expect(seen(read(told().acked('b0', -1), 'a0', 'a1', 'a2'))).toEqual(
      lost({ 'lost-unplaced': 1 }),
    );
    expect(seen(read(told().acked('b0', -1))).anomalies).toEqual({ 'lost-all': 4 });
  });

  test('a single ack without a position is compared with all of its producer', () => {
    const after = () => new Story(noConsumers).acked('a0', 0).acked('a1', -1);
    expect(seen(after().log('a0'))).toEqual(lost({ 'lost-tail': 1 }));
    const before = () => new Story(noConsumers).acked('a0', -1).acked('a1', 0);
    expect(seen(before().log('a1'))).toEqual(lost({ 'lost-prefix': 1 }));
    const other = () => new Story(noConsumers).acked('a0', 0).acked('b0', -1);
    expect(seen(other().log('a0'))).toEqual(lost({ 'lost-unplaced': 1 }));
    expect(seen(other().log('')).anomalies).toEqual({ 'lost-all': 2 });
  });

  test('a survivor that was acked without a position counts where the log has it', () => {
    const told = () => new Story(noConsumers).acked('a0', -1).acked('b0', 1);
    expect(seen(told().log('a0'))).toEqual(lost({ 'lost-tail': 1 }));
    expect(seen(told().log('')).anomalies).toEqual({ 'lost-all': 2 });
  });

  test('the evidence says how much was looked at', () => {
    const evidence = (story: Story) => story.judge().verdicts[0]!.evidence;
    const told = () =>
      new Story(noConsumers).acked('a0', 0).acked('a1', 1).unknown('a2').failed('a3');
    expect(evidence(told().log('a0 a1'))).toBe(
      '2 messages acked, 2 records read from 1 partition: 0 lost',
    );
    expect(evidence(told().log('a0'))).toBe(
      '2 messages acked, 1 record read from 1 partition: 1 lost-tail',
    );
  });

  test('a log that is consumed by reading it cannot be asked while consumers read it', () => {
    const judgement = new Story({ capabilities: { replayable: false } })
      .acked('a0', 0)
      .consumed('a0')
      .judge();
    expect(judgement.verdicts.find(({ check }) => check === 'lost')?.verdict).toBe(
      'not-applicable',
    );
  });
});

describe('loss under a fault', () => {
  const faulty = (replication: 'quorum' | 'async', exposure: number | null = 5): StoryOptions => ({
    scenario: {
      nodes: 3,
      topic: { replication, replicas: 3 },
      workload: { consumers: 0 },
      phases: [
        {
          name: 'main',
          duration: '60s',
          faults: [{ fault: 'kill', target: 'leader', at: '1s', for: '1s' }],
        },
      ],
      checks: ['lost', 'inconsistent-offset', 'loss-window'],
    },
    ...(exposure === null ? {} : { exposures: new Map([[0, exposure]]) }),
  });
  const before = (options: StoryOptions) =>
    new Story(options).at(10).acked('a0', 0).at(900).acked('a1', 1).acked('a2', 2).fault(0, 1000);

  test('quorum replication may lose nothing to a kill', () => {
    const story = before(faulty('quorum')).at(1500).acked('a3', 2).log('a0 a1 a3');
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['inconsistent-offset', 'lost'],
    });
  });

  test('asynchronous replication may lose the tail that the log had when the leader was killed', () => {
    const story = before(faulty('async')).at(1500).acked('a3', 2).log('a0 a1 a3');
    expect(seen(story)).toEqual({ ...pass, anomalies: { 'lost-window': 1, superseded: 1 } });
    const { faults, recovery } = story.judge();
    expect(faults[0]).toMatchObject({
      exposedMessages: 3,
      lossWindowMessages: 1,
      lossWindowMs: 97,
    });
    expect(recovery).toMatchObject({ lossWindowMessages: 1, lossWindowMs: 97 });
  });

  test('the evidence says where in its partition lay what might be lost', () => {
    const { verdicts } = before(faulty('async')).at(1500).acked('a3', 1).log('a0 a3').judge();
    expect(verdicts[0]!.evidence).toBe(
      '4 messages acked, 2 records read from 1 partition: 2 lost; ' +
        'allowed in this mode: 2 lost-window (all of them the tail of 1 partition)',
    );
  });

  test('a hole is never legal, whatever the mode', () => {
    const story = before(faulty('async')).at(1500).acked('a3', 3).log('a0 - a2 a3');
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['lost'],
      anomalies: { 'lost-middle': 1 },
    });
  });

  test('a prefix is never legal, whatever the mode', () => {
    const story = before(faulty('async')).at(1500).acked('a3', 3).log('a2 a3', { from: 2 });
    expect(seen(story)).toEqual(lost({ 'lost-prefix': 2 }));
  });

  test('all that was there is a tail, and legal within the same bounds', () => {
    const gone = (replication: 'quorum' | 'async', exposure: number) =>
      seen(before(faulty(replication, exposure)).at(1500).acked('a3', 0).log('a3'));
    expect(gone('async', 3)).toEqual({ ...pass, anomalies: { 'lost-window': 3, superseded: 1 } });
    expect(gone('async', 2)).toMatchObject({
      invalid: ['lost'],
      anomalies: { 'lost-window': 2, 'lost-beyond-window': 1 },
    });
    expect(gone('quorum', 3)).toMatchObject({ verdict: 'fail', anomalies: { 'lost-all': 3 } });
  });

  test('all that was there is no tail when the log goes on behind its empty places', () => {
    const gone = (offset: number, from: number) => {
      const story = before(faulty('async')).at(999).invoke('a3').at(1001);
      return seen(story.complete('a3', 'ok', { offset }).log('a3', { from }));
    };
    expect(gone(0, 0)).toMatchObject({ verdict: 'pass', anomalies: { 'lost-window': 3 } });
    expect(gone(3, 3)).toEqual(lost({ 'lost-prefix': 3 }));
  });

  test('each partition may lose all that it had, whatever the others kept', () => {
    const two = (replication: 'quorum' | 'async') => {
      const options = faulty(replication);
      const topic = { ...options.scenario!.topic, partitions: 2 };
      return new Story({ ...options, scenario: { ...options.scenario, topic } })
        .at(10)
        .acked('a0', 0)
        .acked('a1', 0, { partition: 1 })
        .acked('a2', 1, { partition: 1 })
        .acked('a3', 1)
        .fault(0, 1000);
    };
    const legal = { ...pass, anomalies: { 'lost-window': 2 } };
    expect(seen(two('async').log('a0 a3').log('', { partition: 1 }))).toEqual(legal);
    const both = two('async').log('a0').log('', { partition: 1 }).judge();
    expect(both.verdicts[0]!.evidence).toContain(
      '3 lost-window (1 the tail of 1 partition, 2 the whole log of 1 partition)',
    );
    expect(seen(two('quorum').log('a0 a3').log('', { partition: 1 }))).toEqual(
      lost({ 'lost-all': 2 }),
    );
    const beginning = two('async').log('a0 a3').log('a2', { partition: 1, from: 1 });
    expect(seen(beginning)).toEqual(lost({ 'lost-prefix': 1 }));
  });

  test('a producer that had only just begun loses the tail of its partition, or a hole in it', () => {
    const begun = (b0: number, a3: number, log: string) =>
      seen(before(faulty('async')).at(990).acked('b0', b0).acked('a3', a3).at(1500).log(log));
    expect(begun(4, 3, 'a0 a1 a2 a3')).toEqual({ ...pass, anomalies: { 'lost-window': 1 } });
    expect(begun(3, 4, 'a0 a1 a2 - a3')).toMatchObject({ anomalies: { 'lost-middle': 1 } });
  });

  test('without positions all may go, and nothing of a producer of which nothing is left to compare', () => {
    const bare = (read: string[]) => {
      const capabilities = { positions: false, denseOffsets: false, readEachReplica: false };
      const story = new Story({ ...faulty('async'), capabilities })
        .at(900)
        .acked('a0', -1)
        .acked('b0', -1)
        .fault(0, 1000);
      for (const name of read) story.read(name, -1);
      return seen(story.readEnd({ start: -1, end: -1 }));
    };
    expect(bare([])).toEqual({ ...pass, anomalies: { 'lost-window': 2 } });
    expect(bare(['a0'])).toEqual(lost({ 'lost-unplaced': 1 }));
  });

  test('what was acked without a position may be of any partition, and share what no other used', () => {
    const gone = (...byPartition: number[]) => {
      const { scenario } = faulty('async');
      const topic = { ...scenario!.topic, partitions: 2 };
      const exposure = { byPartition, syncMsMax: 10, measuredAtNanos: 999e6 };
      const story = new Story({
        scenario: { ...scenario, topic },
        exposures: new Map([[0, exposure]]),
        capabilities: { positions: false, denseOffsets: false, readEachReplica: false },
      })
        .at(10)
        .acked('a0', -1, { partition: -1 })
        .acked('b0', -1, { partition: -1 })
        .acked('c0', 0, { partition: 1 })
        .fault(0, 1000);
      return seen(story.log('').log('', { partition: 1 }));
    };
    expect(gone(1, 2)).toMatchObject({ verdict: 'pass', anomalies: { 'lost-window': 3 } });
    const beyond = { 'lost-window': 2, 'lost-beyond-window': 1 };
    expect(gone(0, 2)).toMatchObject({ verdict: 'fail', anomalies: beyond });
    expect(gone(9, 0)).toMatchObject({ verdict: 'fail', anomalies: beyond });
  });

  test('what was sent after the fault is beyond its window', () => {
    const story = before(faulty('async')).at(1500).acked('a3', 3).log('a0 a1 a2');
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['lost'],
      anomalies: { 'lost-tail': 1 },
    });
  });

  test('a message in flight when the leader was killed belongs to that fault', () => {
    const story = before(faulty('async'))
      .at(999)
      .invoke('a3')
      .at(1001)
      .complete('a3', 'ok', { offset: 3 })
      .log('a0 a1 a2');
    expect(seen(story)).toEqual({ ...pass, anomalies: { 'lost-window': 1 } });
  });

  test('an ack that came long after the fault was given by whoever served then', () => {
    const acked = (ms: number) =>
      before(faulty('async')).at(999).invoke('a3').at(ms).complete('a3', 'ok', { offset: 3 });
    expect(seen(acked(1999).log('a0 a1 a2'))).toEqual({ ...pass, anomalies: { 'lost-window': 1 } });
    expect(seen(acked(2001).log('a0 a1 a2'))).toMatchObject({ verdict: 'fail', invalid: ['lost'] });
  });

  test('what was delivered is safe even where the tail is not', () => {
    const options = faulty('async');
    const story = before({
      ...options,
      scenario: { ...options.scenario, workload: { consumers: 1 } },
    })
      .consumed('a0 a1 a2')
      .at(1500)
      .acked('a3', 2)
      .log('a0 a1 a3');
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['inconsistent-offset', 'lost'],
      anomalies: { vanished: 1 },
    });
  });

  test('a fault that is in no table may lose nothing', () => {
    const options = faulty('async');
    const phases = [
      {
        name: 'main',
        duration: '60s',
        faults: [{ fault: 'flood', target: 'leader' as const, at: '1s', for: '1s' }],
      },
    ];
    const story = before({ ...options, scenario: { ...options.scenario, phases } }).log('a0 a1');
    expect(seen(story)).toMatchObject({ verdict: 'fail', invalid: ['lost'] });
  });

  test('a broker that is in no table may lose nothing', () => {
    expect(seen(before({ ...faulty('async'), target: 'other' }).log('a0 a1'))).toMatchObject({
      invalid: ['lost'],
    });
  });

  test('nothing lost where nothing was exposed proves nothing', () => {
    expect(seen(before(faulty('async', 0)).log('a0 a1 a2'))).toMatchObject({
      verdict: 'inconclusive',
      unknown: ['loss-window'],
    });
    expect(seen(before(faulty('async', null)).log('a0 a1 a2'))).toMatchObject({
      verdict: 'inconclusive',
      unknown: ['loss-window'],
    });
  });

  test('nothing lost although something was exposed is luck, and a pass', () => {
    expect(seen(before(faulty('async', 5)).log('a0 a1 a2'))).toEqual(pass);
  });

  test('two clocks cannot tell what a fault took', () => {
    const story = before(faulty('async'))
      .header('producer-1', { clockDomain: 'elsewhere' })
      .log('a0 a1');
    expect(seen(story).verdict).toBe('fail');
    expect(seen(story).anomalies).toEqual({ 'lost-tail': 1 });
  });
});
