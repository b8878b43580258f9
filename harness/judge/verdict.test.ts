import { describe, expect, test } from 'vitest';
import type { Checker } from '../checker/watch.ts';
import { checkers } from '../checker/registry.ts';
import { Tally } from '../checker/tally.ts';
import { Story } from '../checker/testing/story.ts';
import type { StoryOptions } from '../checker/testing/story.ts';
import { pass, summaryOf } from '../checker/testing/summary.ts';
import { recordSchema } from '../record/record.ts';
import { exitCodeOf } from './judgement.ts';
import { lossBound } from './loss-bounds.ts';

const alone: StoryOptions = { scenario: { workload: { consumers: 0 } } };
const clean = (options: StoryOptions = {}) =>
  new Story({ ...options, scenario: { ...alone.scenario, ...options.scenario } })
    .acked('a0', 0)
    .log('a0');
const killed: StoryOptions = {
  scenario: {
    ...alone.scenario,
    nodes: 3,
    phases: [
      {
        name: 'main',
        duration: '60s',
        faults: [{ fault: 'kill', target: 'leader', at: '1s', for: '1s' }],
      },
    ],
    checks: ['lost', 'loss-window'],
  },
};
const told = (options: StoryOptions = killed) =>
  new Story(options).at(500).acked('a0', 0).acked('a1', 1).log('a0 a1');

describe('the verdict of a run', () => {
  test('is a pass with its grounds when nothing is wrong and nothing in doubt', () => {
    const { verdict, reasons } = clean().judge();
    expect(verdict).toBe('pass');
    expect(reasons).toEqual([
      '1 messages acked, 0 of them lost, 0 failed, 0 of unknown outcome; 1 in the log, 0 deliveries, 8 checks valid',
      'no faults: this says nothing about what happens when something breaks',
    ]);
  });

  test('says of a pass what its workers want said of it, once, and no other note', () => {
    const story = new Story({ scenario: { workload: { consumers: 2 } } });
    story.acked('a0', 0).acked('a1', 1).consumed('a0 a1').log('a0 a1');
    const note = { type: 'note', time: 0 } as const;
    for (const consumer of [1, 2]) {
      const source = `consumer-${consumer}`;
      story.event(source, { ...note, source, text: 'the cursor was lost', isGround: true });
      story.event(source, { ...note, source, text: 'connected again' });
    }
    const { verdict, reasons } = story.judge();
    expect(verdict).toBe('pass');
    expect(reasons.slice(1, -1)).toEqual(['the cursor was lost (consumer-1, consumer-2)']);
  });

  test('counts in one way, with the thousands set apart', () => {
    const names = Array.from({ length: 1500 }, (_, index) => `a${index}`);
    const limits = { ackedRateMin: 4000 };
    const story = new Story({ scenario: { limits }, measured: { ackedPerSecond: 5123.4 } });
    names.forEach((name, offset) => story.acked(name, offset));
    const all = names.join(' ');
    story.consumed(all).consumed(all).log(all);
    const { verdicts, reasons, limits: found } = story.judge();
    const told = [...verdicts, ...found].map(({ evidence }) => evidence);
    expect([...told, ...reasons].filter((sentence) => /\d{4}/.test(sentence))).toEqual([]);
    const counting = told.filter((sentence) => /\d,\d{3}/.test(sentence));
    expect(counting.length).toBeGreaterThan(8);
    expect(told.join('\n')).toContain(
      'at least 4,000 messages/s wanted, 5,123 messages/s measured',
    );
  });

  test('is a fail by a violation, whatever else is in doubt', () => {
    const story = new Story(alone)
      .acked('a0', 0)
      .acked('a1', 1)
      .read('a1', 1)
      .readEnd({ start: 1, end: 2 });
    expect(summaryOf(story.judge())).toMatchObject({ verdict: 'fail', unknown: ['drain'] });
    const { reasons } = story.judge();
    expect(reasons[0]).toMatch(/^lost: /);
    expect(reasons.slice(1).some((reason) => reason.startsWith('drain: '))).toBe(true);
  });

  test('is inconclusive without data', () => {
    const judgement = new Story(alone).log('').judge();
    expect(judgement.verdict).toBe('inconclusive');
    expect(judgement.reasons[0]).toMatch(/^no data/);
    expect(new Story(alone).unknown('a0').log('a0').judge().verdict).toBe('inconclusive');
  });

  test('is inconclusive without a complete final read', () => {
    expect(new Story(alone).acked('a0', 0).judge().verdict).toBe('inconclusive');
  });

  test('prints the faults, what they exposed, and what that supports', () => {
    const { verdict, reasons } = told()
      .fault(0, 1000, { victims: ['node 2'] })
      .judge();
    expect(verdict).toBe('pass');
    expect(reasons[1]).toBe(
      '1 confirmed fault: kill of node 2 (leader) with 2 messages exposed. No forbidden loss in ' +
        '1 of 1: with 95 % confidence, a kill of leader loses in at most 95 % of cases',
    );
  });

  test('prints what a mode that may lose put at risk, what it lost, and within which bound', () => {
    const scenario = { ...killed.scenario, topic: { replication: 'async' as const } };
    const exposures = new Map([[0, 7]]);
    const { verdict, reasons } = told({ ...killed, scenario, exposures })
      .fault(0, 1000, { victims: ['node 2'] })
      .judge();
    expect(verdict).toBe('pass');
    expect(reasons[1]).toBe(
      '1 confirmed fault: kill of node 2 (leader) with 7 messages not yet safe, 0 lost as allowed. ' +
        'No forbidden loss in 1 of 1: with 95 % confidence, a kill of leader loses beyond what may be ' +
        'lost (what the followers lacked when the fault took effect) in at most 95 % of cases',
    );
  });

  test('prints how long before the fault the oldest was acked of what it took', () => {
    const scenario = { ...killed.scenario, topic: { replication: 'async' as const } };
    const { reasons } = new Story({ ...killed, scenario, exposures: new Map([[0, 7]]) })
      .at(500)
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2)
      .fault(0, 1000, { victims: ['node 2'] })
      .log('a0')
      .judge();
    expect(reasons[1]).toMatch(
      /with 7 messages not yet safe, 2 lost as allowed, the oldest acked \d+ ms before it\. /,
    );
  });

  test('bounds the chance of loss by faults and not by messages', () => {
    expect(lossBound(1)).toBeCloseTo(0.95, 10);
    expect(lossBound(10)).toBeCloseTo(0.259, 3);
    expect(lossBound(30)).toBeCloseTo(0.095, 3);
  });

  test('says so when a fault exposed nothing', () => {
    const { reasons } = told().fault(0, 9000).judge();
    expect(reasons[1]).toContain('with 0 messages exposed');
    expect(reasons[1]).toContain('says nothing about loss');
  });

  test.each([
    ['was never injected', (story: Story) => story, /never carried out/],
    [
      'is not confirmed',
      (story: Story) => story.fault(0, 1000, { result: 'mismatch' }),
      /not confirmed \(mismatch\)/,
    ],
    [
      'left no trace',
      (story: Story) => story.fault(0, 1000, { result: 'inconclusive' }),
      /not confirmed/,
    ],
    ['was not healed', (story: Story) => story.fault(0, 1000, { healMs: null }), /was not healed/],
  ])('is inconclusive when a fault %s', (_, tell, reason) => {
    const { verdict, reasons } = tell(told()).judge();
    expect(verdict).toBe('inconclusive');
    expect(reasons.join('\n')).toMatch(reason);
  });

  test('is inconclusive when a fault could not be carried out', () => {
    const event = {
      type: 'fault',
      fault: 0,
      kind: 'kill',
      target: 'leader',
      victims: [],
      result: '',
      time: 1e9,
    } as const;
    const story = told()
      .event('harness', { ...event, step: 'requested', proof: '' })
      .event('harness', { ...event, step: 'failed', proof: 'there is no leader' });
    expect(story.judge().verdict).toBe('inconclusive');
    expect(story.judge().reasons.join()).toContain('there is no leader');
  });

  test('is inconclusive when a heal is not confirmed', () => {
    const story = told().fault(0, 1000);
    story.event('harness', {
      type: 'fault',
      fault: 0,
      kind: 'kill',
      target: 'leader',
      victims: [],
      step: 'heal-probed',
      proof: 'no answer',
      result: 'mismatch',
      time: 3e9,
    });
    expect(story.judge().verdict).toBe('inconclusive');
  });

  test('wants a fault on each node to have hit each node', () => {
    const options: StoryOptions = {
      scenario: {
        ...killed.scenario,
        phases: [
          {
            name: 'main',
            duration: '60s',
            faults: [{ fault: 'restart', target: 'each-node', at: '1s' }],
          },
        ],
      },
    };
    const story = told(options)
      .fault(0, 1000, { victims: ['node 1'] })
      .fault(1, 2000, { victims: ['node 2'] });
    expect(story.judge().verdict).toBe('inconclusive');
    expect(story.fault(2, 3000, { victims: ['node 3'] }).judge().verdict).toBe('pass');
  });

  test('does not suffer from what does not apply', () => {
    const { verdict, verdicts } = clean().judge();
    expect(verdict).toBe('pass');
    expect(verdicts.find(({ check }) => check === 'undelivered')).toMatchObject({
      verdict: 'not-applicable',
      evidence: 'the scenario has no consumers',
    });
  });

  test('counts the checks that the scenario names, and always the drain', () => {
    const options = { scenario: { checks: ['duplicate'] } };
    const judgement = clean(options).judge();
    expect(judgement.verdicts.map(({ check }) => check)).toEqual(['duplicate', 'drain']);
    const lossy = new Story({ scenario: { ...alone.scenario, checks: ['duplicate'] } })
      .acked('a0', 0)
      .acked('a1', 1)
      .log('a0');
    const { verdict, reasons, accounting } = lossy.judge();
    expect({ verdict, lost: accounting.lost }).toEqual({ verdict: 'inconclusive', lost: 1 });
    expect(reasons[0]).toMatch(/^lost does not hold and is not among the checks of the scenario: /);
    const named = new Story({ scenario: { ...alone.scenario, checks: ['lost'] } });
    expect(named.acked('a0', 0).acked('a1', 1).log('a0').judge().verdict).toBe('fail');
  });

  test('tells how many sends failed, and how many nobody knows of', () => {
    const story = new Story(alone).acked('a0', 0).failed('a1').failed('a2').unknown('a3').log('a0');
    const { verdict, reasons } = story.judge();
    expect(verdict).toBe('pass');
    expect(reasons[0]).toMatch(
      /^1 messages acked, 0 of them lost, 2 failed, 1 of unknown outcome; 1 in the log, /,
    );
  });

  test('separates thousands', () => {
    const story = new Story(alone);
    for (let sequence = 0; sequence < 1200; sequence++) story.failed(`a${sequence}`);
    expect(story.acked('b0', 0).log('b0').judge().reasons[0]).toContain('1,200 failed');
  });

  test('bounds loss by faults on nodes alone, and each kind and target by itself', () => {
    const faults = [
      { fault: 'kill', target: 'leader', at: '1s', for: '1s' },
      { fault: 'kill', target: 'leader', at: '2s', for: '1s' },
      { fault: 'pause', target: 'leader', at: '3s', for: '1s' },
      { fault: 'kill', target: 'consumer', at: '1s', for: '1s' },
    ] as const;
    const phases = [{ name: 'main', duration: '60s', faults: [...faults] }];
    const scenario = { ...killed.scenario, workload: { consumers: 1 }, phases };
    const id = (kind: string, target: string, atMs: number) =>
      new Story({ scenario }).plan.faults.find(
        (fault) => fault.kind === kind && fault.target === target && fault.atMs === atMs,
      )!.id;
    const { reasons, lossBounds, verdict } = told({ scenario })
      .consumed('a0 a1')
      .fault(id('kill', 'leader', 1000), 1000, { victims: ['node 1'] })
      .fault(id('kill', 'consumer', 1000), 1000, { victims: ['consumer 1'] })
      .fault(id('kill', 'leader', 2000), 1200, { victims: ['node 2'] })
      .fault(id('pause', 'leader', 3000), 8000, { victims: ['node 2'] })
      .judge();
    expect(verdict).toBe('pass');
    expect(lossBounds).toEqual([
      { fault: 'kill of leader', faults: 2, trials: 2, chanceMax: lossBound(2), allowed: '' },
    ]);
    const about = (what: string) => reasons.find((reason) => reason.includes(what))!;
    expect(about('kill of consumer 1')).toMatch(/A client holds nothing that was acked/);
    expect(about('pause of node 2')).toMatch(/says nothing about loss$/);
    expect(about('kill of node 1')).toMatch(/in 2 of 2: .* a kill of leader loses in at most 78 %/);
  });

  test('counts no fault as a trial that is not confirmed', () => {
    expect(told().fault(0, 1000).judge().lossBounds).toHaveLength(1);
    expect(told().fault(0, 1000, { result: 'mismatch' }).judge().lossBounds).toEqual([]);
  });

  test('has no bounds of loss where something was lost that may not be', () => {
    const lossy = new Story(killed).at(500).acked('a0', 0).acked('a1', 1).log('a0').fault(0, 1000);
    expect(lossy.judge().lossBounds).toEqual([]);
  });

  test('records what was exposed apart from what was lost', () => {
    const story = told().fault(0, 1000, { victims: ['node 2'] });
    expect(story.judge().faults[0]).toMatchObject({ exposedMessages: 2, lossWindowMessages: 0 });
    const lossy = new Story(killed).at(500).acked('a0', 0).acked('a1', 1).log('a0').fault(0, 1000);
    expect(lossy.judge().faults[0]).toMatchObject({ exposedMessages: 2, lossWindowMessages: 1 });
  });

  test('of a limit on response counts what had none', () => {
    const judged = (due: { due: number; acked: number; failed: number }, doubts: string[] = []) => {
      const options = { scenario: { ...alone.scenario, limits: { responseP99Ms: 10 } } };
      const story = new Story({ ...options, measured: { due, doubts } });
      return story.acked('a0', 0).log('a0').judge().limits[0]!;
    };
    expect(judged({ due: 1000, acked: 1, failed: 999 })).toMatchObject({ verdict: 'invalid' });
    expect(judged({ due: 1000, acked: 1, failed: 999 }).evidence).toBe(
      'at most 10 ms wanted for 99 % of what was due, and of 1,000 messages 1 were acked, ' +
        '999 failed and 0 were left without an outcome',
    );
    expect(judged({ due: 1000, acked: 990, failed: 10 }).verdict).toBe('valid');
    expect(judged({ due: 1000, acked: 989, failed: 11 }).verdict).toBe('invalid');
    expect(judged({ due: 1000, acked: 989, failed: 10 }).verdict).toBe('unknown');
    expect(judged({ due: 1000, acked: 1, failed: 999 }, ['saturated']).verdict).toBe('unknown');
  });

  test('is inconclusive when the history contradicts itself', () => {
    expect(clean().complete('a0', 'ok', { offset: 0 }).judge().verdict).toBe('inconclusive');
    expect(clean().complete('a7', 'ok', { offset: 9 }).judge().verdict).toBe('inconclusive');
    expect(clean().invoke('a5').judge().verdict).toBe('inconclusive');
    expect(clean().position('assigned', 5).judge().verdict).toBe('inconclusive');
    expect(clean().header('reader', { run: 'another' }).judge().verdict).toBe('inconclusive');
  });

  test('is inconclusive when the end of a history is missing', () => {
    for (const worker of ['producer-1', 'harness', 'reader-0']) {
      const { verdict, reasons } = clean().cutOff(worker).judge();
      expect([worker, verdict]).toEqual([worker, 'inconclusive']);
      expect(reasons.join('\n')).toContain(`of ${worker === 'harness' ? 'the harness' : worker}`);
    }
    const { verdict, reasons } = clean().cutOff('producer-2', { gone: true }).judge();
    expect(verdict).toBe('inconclusive');
    expect(reasons).toContain('the history of producer-2 is missing');
  });

  test('does not mind the cut history of a worker that a fault was aimed at', () => {
    const options: StoryOptions = {
      scenario: {
        ...alone.scenario,
        checks: ['lost'],
        phases: [
          {
            name: 'main',
            duration: '60s',
            faults: [{ fault: 'kill', target: 'producer', at: '1s', for: '1s' }],
          },
        ],
      },
    };
    const story = () => told(options).fault(0, 1000, { victims: ['producer 1'] });
    expect(story().cutOff('producer-1').judge().verdict).toBe('pass');
    expect(story().cutOff('producer-1').cutOff('producer-2').judge().verdict).toBe('inconclusive');
  });

  test('holds nothing against the broker that a lost history would look like', () => {
    const stranger = () => clean().read('b0', 1);
    expect(stranger().judge().verdict).toBe('fail');
    const judgement = stranger().cutOff('producer-2', { gone: true }).judge();
    expect(summaryOf(judgement)).toMatchObject({ verdict: 'inconclusive', invalid: [] });
    expect(judgement.reasons.join('\n')).toContain(
      'the history of a producer is not whole, which looks the same',
    );
  });

  test('holds what was lost against the broker, whichever history is not whole', () => {
    const story = new Story(alone).acked('a0', 0).acked('a1', 1).log('a0');
    expect(story.cutOff('producer-1').judge().verdict).toBe('fail');
  });

  test('fits the schema of the record', () => {
    const { verdicts, accounting, faults, recovery, limits, verdict, reasons } = told()
      .fault(0, 1000)
      .judge();
    const { shape } = recordSchema;
    expect(shape.verdicts.parse(verdicts)).toEqual(verdicts);
    expect(shape.accounting.parse(accounting)).toEqual(accounting);
    expect(shape.faults.parse(faults)).toEqual(faults);
    expect(shape.recovery.parse(recovery)).toEqual(recovery);
    expect(shape.limits.parse(limits)).toEqual(limits);
    expect(shape.verdict.parse(verdict)).toBe(verdict);
    expect(shape.reasons.parse(reasons)).toEqual(reasons);
  });

  test('decides the exit code', () => {
    expect(
      ['pass', 'inconclusive', 'fail'].map((verdict) => exitCodeOf(verdict as 'pass')),
    ).toEqual([0, 2, 3]);
  });
});

describe('a checker that throws', () => {
  const broken = (hook: 'notApplicable' | 'watch' | 'complete' | 'finish'): Checker => {
    const fail = (at: string): void => {
      if (at === hook) throw new TypeError(`broken in ${at}`);
    };
    return {
      name: 'broken',
      description: 'throws',
      notApplicable: () => (fail('notApplicable'), undefined),
      watch: () => (
        fail('watch'),
        {
          complete: () => fail('complete'),
          finish: () => (
            fail('finish'),
            { forbidden: new Tally(), allowed: new Tally(), doubts: [], evidence: 'fine' }
          ),
        }
      ),
    };
  };

  test.each(['notApplicable', 'watch', 'complete', 'finish'] as const)(
    'in "%s" is unknown, and the others go on',
    (hook) => {
      const judgement = clean({ checkers: [broken(hook), ...checkers] }).judge();
      expect(summaryOf(judgement)).toEqual({
        ...pass,
        verdict: 'inconclusive',
        unknown: ['broken'],
      });
      expect(judgement.verdicts[0]!.evidence).toContain(`broken in ${hook}`);
    },
  );

  test('does not hide a violation', () => {
    const story = new Story({ ...alone, checkers: [broken('finish'), ...checkers] })
      .acked('a0', 0)
      .acked('a1', 1)
      .log('a0');
    expect(story.judge().verdict).toBe('fail');
  });
});

describe('limits', () => {
  const limited = (
    limits: NonNullable<StoryOptions['scenario']>['limits'],
    measured: StoryOptions['measured'] = {},
    options: StoryOptions = {},
  ) =>
    clean({
      ...options,
      scenario: { ...options.scenario, limits: limits ?? {} },
      measured: { ...measured },
    }).judge();

  test('that hold are valid and show the figure', () => {
    const { verdict, limits } = limited({
      responseP99Ms: 5,
      endToEndP99Ms: 10,
      ackedRateMin: 1000,
    });
    expect(verdict).toBe('pass');
    expect(limits).toMatchObject([
      { name: 'responseP99Ms', limit: 5, actual: 5, unit: 'ms', verdict: 'valid' },
      { name: 'endToEndP99Ms', limit: 10, actual: 9, unit: 'ms', verdict: 'valid' },
      { name: 'ackedRateMin', limit: 1000, actual: 1000, unit: 'messages/s', verdict: 'valid' },
    ]);
  });

  test.each([{ responseP99Ms: 4.9 }, { endToEndP99Ms: 8.9 }, { ackedRateMin: 1001 }])(
    'that do not hold fail the run: %o',
    (limits) => {
      const judgement = limited(limits);
      expect(judgement.verdict).toBe('fail');
      expect(judgement.limits[0]!.verdict).toBe('invalid');
    },
  );

  test.each([{ responseP99Ms: 4.9 }, { endToEndP99Ms: 100 }, { ackedRateMin: 1 }])(
    'cannot be told with a saturated generator, whichever way they point: %o',
    (limits) => {
      const judgement = limited(limits, { doubts: ['the generator was saturated'] });
      expect(judgement).toMatchObject({
        verdict: 'inconclusive',
        limits: [{ verdict: 'unknown' }],
      });
    },
  );

  test('saturation alone leaves a run without limits a pass', () => {
    expect(limited({}, { doubts: ['the generator was saturated'] }).verdict).toBe('pass');
  });

  test('a figure without enough samples is unknown', () => {
    expect(limited({ responseP99Ms: 5 }, { responseP99Ms: null })).toMatchObject({
      verdict: 'inconclusive',
      limits: [{ verdict: 'unknown', actual: null }],
    });
  });

  test('on recovery cannot be told without a fault', () => {
    expect(limited({ recoveryMs: 1000 })).toMatchObject({
      verdict: 'inconclusive',
      limits: [{ name: 'recoveryMs', verdict: 'unknown' }],
    });
  });

  test('on recovery are held against the worst fault, saturated or not', () => {
    const story = (recoveryMs: number) => {
      const one = new Story({
        scenario: { ...killed.scenario, limits: { recoveryMs } },
        measured: { doubts: ['saturated'] },
      }).fault(0, 1000);
      for (let step = 0; step < 80; step++) one.at(step * 100).acked(`a${step}`, step);
      return one.log(Array.from({ length: 80 }, (_, step) => `a${step}`).join(' ')).judge();
    };
    expect(story(1)).toMatchObject({ verdict: 'pass', limits: [{ verdict: 'valid', actual: 1 }] });
    expect(story(1).reasons[1]).toContain('served again after 1 ms');
    expect(story(0.5)).toMatchObject({ verdict: 'fail', limits: [{ verdict: 'invalid' }] });
  });

  test('on recovery are broken when service never comes back', () => {
    const story = new Story({ scenario: { ...killed.scenario, limits: { recoveryMs: 50_000 } } })
      .acked('a0', 0)
      .fault(0, 1000)
      .phase('drain', 9000)
      .log('a0');
    expect(story.judge()).toMatchObject({
      verdict: 'fail',
      limits: [{ verdict: 'invalid', actual: null }],
    });
  });
});
