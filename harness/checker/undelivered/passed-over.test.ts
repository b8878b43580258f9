import { describe, expect, test } from 'vitest';
import { checkers } from '../registry.ts';
import { Story } from '../testing/story.ts';
import { summaryOf } from '../testing/summary.ts';

const seen = (story: Story) => summaryOf(story.judge());

describe('a cursor that outlived the log', () => {
  const three = ['node 1', 'node 2', 'node 3'];

  interface Setting {
    readonly target?: string;
    readonly flush?: 'async' | 'sync';
    readonly replication?: 'quorum' | 'none';
    readonly fault?: string;
    readonly idempotent?: boolean;
  }

  /** Up to 1000 ms a0 is safe, and a1, a2 and a3 are not. */
  function cluster(setting: Setting = {}): Story {
    const { target = 'nats', flush = 'async', replication = 'quorum' } = setting;
    const { fault = 'power-cut', idempotent = true } = setting;
    return new Story({
      target,
      capabilities: { competingConsumers: true, readEachReplica: false },
      scenario: {
        nodes: 3,
        topic: {
          flush,
          replication,
          replicas: replication === 'none' ? 1 : 3,
          flushInterval: '100ms',
        },
        workload: { idempotent },
        phases: [
          {
            name: 'main',
            duration: '60s',
            faults: [{ fault, target: 'all-nodes', at: '1s', for: '1s' }],
          },
        ],
        checks: checkers.map(({ name }) => name).filter((name) => name !== 'recovery'),
      },
      exposures: new Map([[0, 3]]),
    })
      .at(900)
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2)
      .acked('a3', 3);
  }

  /** The cut takes a1, a2 and a3; b0 to b3 come instead, from 2500 ms on. */
  function regrow(before: Story, meanwhile = (story: Story) => story): Story {
    return meanwhile(before.fault(0, 1000, { victims: three }))
      .at(2500)
      .acked('b0', 1)
      .acked('b1', 2)
      .acked('b2', 3)
      .acked('b3', 4);
  }

  /** Two or three of what it takes had been given. */
  function regrown(setting?: Setting & { readonly given?: string }): Story {
    return regrow(cluster(setting).consumed(setting?.given ?? 'a0 a1 a2 a3'));
  }

  const whole = 'a0 b0 b1 b2 b3';
  const passedOver = ({ anomalies, verdict, invalid }: ReturnType<typeof seen>) => ({
    verdict,
    invalid,
    passedOver: anomalies['passed-over'] ?? 0,
    undelivered: anomalies['undelivered'] ?? 0,
  });

  test('passes over what is stored where its group had been, as its broker says', () => {
    const story = regrown().delivered('b3', 4).log(whole);
    expect(passedOver(seen(story))).toEqual({
      verdict: 'pass',
      invalid: [],
      passedOver: 3,
      undelivered: 0,
    });
    const { verdicts, reasons, accounting } = story.judge();
    const { evidence, anomalies } = verdicts.find(({ check }) => check === 'undelivered')!;
    expect(evidence).toBe(
      '5 records, one group, 5 deliveries: 0 never given; 3 passed over, as allowed: ' +
        'a replicated consumer does not go back with a stream that lost its end ' +
        '(nats-server pull request 7692)',
    );
    expect(anomalies[0]!.examples[0]).toBe(
      'producer 2 sequence 0, acked at p0@1, in the log and never given to group-1, ' +
        'which had been given p0@1 before power-cut of node 1, node 2, node 3 (all-nodes)',
    );
    expect(accounting).toMatchObject({ passedOver: 3, undelivered: 0 });
    expect(reasons.join('\n')).toContain('3 messages in the log were passed over');
  });

  const violated = (undelivered: number, passed = 0) => ({
    verdict: 'fail',
    invalid: ['undelivered'],
    passedOver: passed,
    undelivered,
  });

  test('passes over nothing beyond what its group had been given before', () => {
    const story = regrown({ given: 'a0 a1 a2' }).delivered('b3', 4).log(whole);
    expect(passedOver(seen(story))).toEqual(violated(1, 2));
    const given = regrown({ given: 'a0 a1 a2' }).delivered('b2', 3).delivered('b3', 4).log(whole);
    expect(passedOver(seen(given))).toMatchObject({ verdict: 'pass', passedOver: 2 });
  });

  test('had been where a message was given that was under way when the power went', () => {
    const late = (name: string, atMs = 1001) =>
      regrow(cluster().consumed('a0 a1 a2'), (story) => story.at(atMs).delivered(name, 3))
        .delivered('b3', 4)
        .log(whole);
    expect(passedOver(seen(late('a3')))).toMatchObject({ verdict: 'pass', passedOver: 3 });
    expect(passedOver(seen(late('a2')))).toMatchObject({ passedOver: 2, undelivered: 1 });
    // Whoever hands out later what the log has lost serves from another copy, and not by a cursor.
    expect(seen(late('a3', 2300)).anomalies).toMatchObject({
      'passed-over': 2,
      'split-brain': 1,
    });
  });

  test('passes over no more than was lost, whatever lies behind it', () => {
    const kept = cluster()
      .consumed('a0 a1 a2')
      .fault(0, 1000, { victims: three })
      .at(2500)
      .acked('b0', 4)
      .delivered('b0', 4);
    // a3 was there before the cut, and is there after it.
    expect(passedOver(seen(kept.log('a0 a1 a2 a3 b0')))).toEqual(violated(1));
  });

  test('is no excuse where the loss itself is none', () => {
    // a1 is a hole, since a2 and a3 survived.
    const hole = cluster()
      .consumed('a0 a1 a2 a3')
      .fault(0, 1000, { victims: three })
      .at(2500)
      .acked('b0', 1)
      .log('a0 b0 a2 a3');
    expect(seen(hole)).toMatchObject({
      invalid: expect.arrayContaining(['lost', 'undelivered']),
      anomalies: { 'lost-middle': 1, undelivered: 1 },
    });
    // The tail behind it was taken as it may be, and excuses no more than itself.
    const both = cluster()
      .consumed('a0 a1 a2 a3')
      .fault(0, 1000, { victims: three })
      .at(2500)
      .acked('b0', 1)
      .acked('b1', 3)
      .acked('b2', 4)
      .delivered('b2', 4)
      .log('a0 b0 a2 b1 b2');
    expect(passedOver(seen(both))).toMatchObject({ passedOver: 1, undelivered: 1 });
  });

  test('may have held some of what it had given to be given again, so that gaps lie apart', () => {
    const story = regrown().delivered('b1', 2).delivered('b3', 4).log(whole);
    expect(passedOver(seen(story))).toMatchObject({ verdict: 'pass', passedOver: 2 });
  });

  test('is no excuse in front of what survived, whatever had been given there', () => {
    // a1 was given where a2 lies, and a2 to nobody: the broker skipped it, long before the cut.
    const skipped = (lost: string) =>
      cluster()
        .consumed('a0 a1')
        .delivered('a1', 2)
        .delivered('a3', 3)
        .fault(0, 1000, { victims: three })
        .at(2500)
        .acked('b0', 3)
        .delivered('b0', 3)
        .log(lost);
    expect(passedOver(seen(skipped('a0 a1 a2 b0')))).toMatchObject({
      verdict: 'fail',
      passedOver: 0,
      undelivered: 1,
    });
  });

  test('is no excuse for a gap further on, where nobody had been', () => {
    const further = (b3: (story: Story) => Story) =>
      b3(regrown().acked('b4', 5)).delivered('b4', 5).log(`${whole} b4`);
    expect(passedOver(seen(further((story) => story)))).toEqual(violated(1, 3));
    expect(passedOver(seen(further((story) => story.delivered('b3', 4))))).toMatchObject({
      verdict: 'pass',
      passedOver: 3,
    });
  });

  test('cannot be told from a group that is late while nothing was given since', () => {
    const late = (target: string) =>
      cluster({ target })
        .consumed('a0 a1 a2 a3')
        .fault(0, 1000, { victims: three })
        .at(2500)
        .acked('b0', 1)
        .acked('b1', 2);
    for (const target of ['nats', 'reference']) {
      expect(seen(late(target).log('a0 b0 b1')), target).toMatchObject({
        verdict: 'inconclusive',
        unknown: ['drain', 'undelivered'],
      });
      const story = late(target).delivered('b0', 1).log('a0 b0 b1');
      expect(seen(story), target).toMatchObject({ unknown: ['drain', 'undelivered'] });
    }
    // A group that goes on behind what it was not given is not late.
    expect(passedOver(seen(late('reference').delivered('b1', 2).log('a0 b0 b1')))).toEqual(
      violated(1),
    );
  });

  test('may be where a message was given before its producer knew of it', () => {
    const unknown = (before: (story: Story) => Story) =>
      regrow(before(cluster().consumed('a0 a1 a2 a3')))
        .acked('b4', 5)
        .delivered('b4', 5)
        .log(`${whole} b4`);
    const sent = (story: Story) => story.invoke('a4').complete('a4', 'info');
    expect(passedOver(seen(unknown((story) => sent(story).delivered('a4', 4))))).toMatchObject({
      verdict: 'pass',
      passedOver: 4,
    });
    // Nobody was given it: nothing says that the group had been there.
    expect(passedOver(seen(unknown(sent)))).toEqual(violated(1, 3));
  });

  test('is no excuse where what was given had been acked elsewhere by then', () => {
    const given = (name: string) =>
      regrown({ given: 'a0 a1 a2' }).at(950).delivered(name, 3).delivered('b3', 4).log(whole);
    expect(passedOver(seen(given('a3')))).toMatchObject({ verdict: 'pass', passedOver: 3 });
    expect(passedOver(seen(given('a0')))).toEqual(violated(1, 2));
    // It comes again in the log that grows anew: its producer had no ack when the power went.
    const again = regrow(cluster().consumed('a0 a1 a2 a3').invoke('a4').delivered('a4', 4))
      .complete('a4', 'ok', { offset: 5 })
      .at(3000)
      .delivered('a4', 5)
      .log(`${whole} a4`);
    expect(passedOver(seen(again))).toMatchObject({ verdict: 'pass', passedOver: 4 });
  });

  test('is no excuse of a mode, a fault or a broker that is not said to have any', () => {
    const told = (setting: Setting) =>
      passedOver(seen(regrown(setting).delivered('b3', 4).log(whole)));
    expect(told({})).toMatchObject({ passedOver: 3 });
    for (const setting of [
      { flush: 'sync' },
      { replication: 'none' },
      { fault: 'kill' },
      { target: 'reference' },
    ] satisfies Setting[])
      expect(told(setting), JSON.stringify(setting)).toMatchObject({
        verdict: 'fail',
        passedOver: 0,
        undelivered: 3,
      });
  });

  describe('or a replica that kept what the log has lost', () => {
    /** a0 and a1 had been given; what comes instead of the rest is stored from 2500 ms on. */
    const apart = (
      given: (story: Story) => Story,
      setting?: Setting & { readonly before?: (story: Story) => Story },
    ) => {
      const before = setting?.before ?? ((story: Story) => story);
      const stored = regrow(before(cluster(setting).consumed('a0 a1')))
        .acked('b4', 5)
        .at(9000);
      return given(stored).delivered('b4', 5).log(`${whole} b4`);
    };
    const kindsOf = (story: Story) => {
      const { verdict, anomalies } = seen(story);
      return {
        verdict,
        passedOver: anomalies['passed-over'] ?? 0,
        splitBrain: anomalies['split-brain'] ?? 0,
        undelivered: anomalies['undelivered'] ?? 0,
      };
    };
    const kept = (story: Story) => story.delivered('a2', 2).delivered('a3', 3).delivered('b3', 4);

    test('is told of, where its broker says that replicas may be apart', () => {
      const story = apart(kept);
      expect(kindsOf(story)).toEqual({
        verdict: 'pass',
        passedOver: 1,
        splitBrain: 2,
        undelivered: 0,
      });
      const { verdicts, reasons, accounting } = story.judge();
      const { evidence, anomalies } = verdicts.find(({ check }) => check === 'undelivered')!;
      expect(evidence).toContain(
        '; 2 of a split-brain, in whose place the group was given what the log has lost, as ' +
          'allowed: replicas that had not synced may be apart after a power failure ' +
          '(nats-server issue 7567)',
      );
      expect(anomalies.find(({ kind }) => kind === 'split-brain')!.examples[0]).toBe(
        'producer 2 sequence 1, acked at p0@2, in the log and never given to group-1, which was ' +
          'given at p0@2 what power-cut of node 1, node 2, node 3 (all-nodes) took',
      );
      expect(accounting).toMatchObject({ passedOver: 3, undelivered: 0 });
      expect(reasons.join('\n')).toContain('2 of them by a split-brain');
    });

    test('also what had been sent, and not acked, when the power went', () => {
      const sentAt = (ms: number, told: (story: Story) => Story = (story) => story) =>
        kindsOf(
          apart((story) => story.delivered('a2', 2).delivered('a3', 3).delivered('a4', 4), {
            before: (story) => told(story.at(ms).invoke('a4')).at(1000),
          }),
        );
      const learned = (story: Story) => story.at(1300).complete('a4', 'info');
      const splitBrain = { verdict: 'pass', passedOver: 1, splitBrain: 3, undelivered: 0 };
      expect(sentAt(990)).toEqual(splitBrain);
      expect(sentAt(990, learned)).toEqual(splitBrain);
      for (const late of [sentAt(1010), sentAt(1010, learned)])
        expect(late).toMatchObject({ verdict: 'fail', splitBrain: 2, undelivered: 1 });
    });

    test('gave each message that was under way at one position', () => {
      const everywhere = (story: Story) =>
        [1, 2, 3, 4].reduce((told, offset) => told.delivered('a4', offset), story);
      const before = (story: Story) => story.at(990).invoke('a4').at(1000);
      expect(kindsOf(apart(everywhere, { before }))).toEqual({
        verdict: 'fail',
        passedOver: 1,
        splitBrain: 1,
        undelivered: 2,
      });
      const early = (story: Story) => everywhere(before(story).at(991));
      expect(kindsOf(apart((story) => story, { before: early }))).toMatchObject({
        passedOver: 2,
        undelivered: 2,
      });
    });

    test('may have given a message as often as its retries were stored, which nobody knows', () => {
      const twice = (idempotent: boolean) =>
        kindsOf(
          apart((story) => story.delivered('a4', 2).delivered('a4', 3).delivered('b3', 4), {
            idempotent,
            before: (story) => story.at(990).invoke('a4').at(1000),
          }),
        );
      const splitBrain = { passedOver: 1, splitBrain: 1 };
      expect(twice(false)).toEqual({ verdict: 'inconclusive', ...splitBrain, undelivered: 0 });
      expect(twice(true)).toEqual({ verdict: 'fail', ...splitBrain, undelivered: 1 });
    });

    test('is no excuse where what it gave was never there before the fault', () => {
      // b4 lies elsewhere, and was sent long after the cut.
      const elsewhere = (story: Story) => story.delivered('a2', 2).delivered('b4', 3);
      expect(kindsOf(apart((story) => elsewhere(story).delivered('b3', 4)))).toEqual({
        verdict: 'fail',
        passedOver: 1,
        splitBrain: 1,
        undelivered: 1,
      });
      // Nothing was given there at all.
      expect(kindsOf(apart((story) => story.delivered('a2', 2).delivered('b3', 4)))).toEqual({
        verdict: 'fail',
        passedOver: 1,
        splitBrain: 1,
        undelivered: 1,
      });
    });

    test('is no excuse of a mode, a fault or a broker that is not said to have any', () => {
      for (const setting of [
        { flush: 'sync' },
        { replication: 'none' },
        { fault: 'kill' },
        { target: 'reference' },
      ] satisfies Setting[])
        expect(kindsOf(apart(kept, setting)), JSON.stringify(setting)).toMatchObject({
          verdict: 'fail',
          splitBrain: 0,
          undelivered: 3,
        });
    });
  });

  test('is each group’s own', () => {
    const two = (second: string, from: number) =>
      new Story({
        target: 'nats',
        capabilities: { competingConsumers: true, readEachReplica: false },
        scenario: {
          nodes: 3,
          topic: { flush: 'async', replication: 'quorum', replicas: 3 },
          workload: { consumers: 2, groups: 2 },
          phases: [
            {
              name: 'main',
              duration: '60s',
              faults: [{ fault: 'power-cut', target: 'all-nodes', at: '1s', for: '1s' }],
            },
          ],
        },
      })
        .at(900)
        .acked('a0', 0)
        .acked('a1', 1)
        .consumed('a0 a1')
        .consumed('a0', { consumer: 2 })
        .fault(0, 1000, { victims: three })
        .at(2500)
        .acked('b0', 1)
        .acked('b1', 2)
        .delivered('b1', 2)
        .consumed(second, { consumer: 2, from })
        .log('a0 b0 b1');
    expect(passedOver(seen(two('b0 b1', 1)))).toMatchObject({ passedOver: 1, undelivered: 0 });
    expect(passedOver(seen(two('b1', 2)))).toMatchObject({ passedOver: 1, undelivered: 1 });
  });
});
