import { describe, expect, test } from 'vitest';
import { Story } from './testing/story.ts';
import type { StoryOptions } from './testing/story.ts';

type Target = 'leader' | 'consumer' | 'producer' | 'each-node';

const under = (
  target: Target,
  { consumers = 0, partitions = 1, fault = 'kill' } = {},
): StoryOptions => ({
  scenario: {
    nodes: 3,
    topic: { partitions },
    workload: { consumers, producers: 2 },
    phases: [{ name: 'main', duration: '60s', faults: [{ fault, target, at: '1s', for: '1s' }] }],
    checks: ['recovery'],
  },
});

/** Producer 1 sends every 100 ms from `from` to `to`; `how` decides what becomes of each send. */
function load(
  story: Story,
  {
    from = 0,
    to = 9000,
    letter = 'a',
    first = 0,
    partition = 0,
  }: { from?: number; to?: number; letter?: string; first?: number; partition?: number },
  how: (atMs: number) => number | 'info' | 'none' = () => 2,
): Story {
  let sequence = first;
  for (let ms = from; ms < to; ms += 100) {
    const name = `${letter}${sequence}`;
    story.at(ms).invoke(name, partition);
    const fate = how(ms);
    if (fate === 'info') story.at(ms + 50).complete(name, 'info');
    else if (fate !== 'none')
      story.at(ms + fate).complete(name, 'ok', { offset: sequence, partition });
    sequence++;
  }
  return story;
}

const judged = (story: Story) => {
  const { verdicts, faults, recovery } = story.judge();
  const verdict = verdicts.find(({ check }) => check === 'recovery')!;
  return {
    verdict: verdict.verdict,
    rtoMs: faults[0]?.rtoMs,
    recoveredAtMs: faults[0]?.recoveredAtMs,
    overall: recovery.rtoMs,
    note: faults[0]?.recoveryNote ?? '',
  };
};
const drained = (story: Story, ms = 9000) => story.phase('drain', ms);

describe('recovery time', () => {
  test('runs from the fault to the ack of the first operation sent after it', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), {}, (ms) =>
      ms >= 1000 && ms < 2500 ? 2500 - ms : 2,
    );
    expect(judged(drained(story))).toMatchObject({
      verdict: 'valid',
      rtoMs: 1500,
      recoveredAtMs: 2500,
      overall: 1500,
    });
  });

  test('what waits out an outage is no sign of service, though one was served before it began', () => {
    const story = load(new Story(under('leader')).fault(0, 950), {}, (ms) =>
      ms === 1000 ? 2 : ms > 1000 && ms < 3000 ? 3000 - ms : 2,
    );
    // The operations of the last half second of the outage were acked in time, at its end.
    expect(judged(drained(story))).toMatchObject({ verdict: 'valid', rtoMs: 2050 });
  });

  test('an outage in which nothing could be sent lasts until the stuck operation is acked', () => {
    const story = load(new Story(under('leader')).fault(0, 950), { to: 1200 }, (ms) =>
      ms === 1100 ? 6900 : 2,
    );
    load(story, { from: 8000, to: 15_000, first: 12 });
    expect(judged(drained(story, 15_000)).rtoMs).toBe(7052);
  });

  test('acks that were slow before the fault may be as slow after it', () => {
    const slow = (atMs: number) => new Story(under('leader')).fault(0, atMs);
    const story = load(slow(1050), {}, (ms) => (ms === 1000 ? 30 : ms < 1000 ? 700 : 900));
    expect(judged(drained(story, 10_000))).toMatchObject({ verdict: 'valid', rtoMs: 950 });
  });

  test('is not known when acks come again and most of them late', () => {
    const story = load(new Story(under('leader')).fault(0, 1050), { to: 12_000 }, (ms) =>
      ms < 1050 ? 2 : 900,
    );
    const { verdict, rtoMs, note } = judged(drained(story, 12_000));
    expect({ verdict, rtoMs }).toEqual({ verdict: 'unknown', rtoMs: null });
    expect(note).toMatch(/acked again, but more than 1 % later than 500 ms/);
  });

  test('an operation sent before the fault proves nothing, however late its ack', () => {
    const story = load(new Story(under('leader')).fault(0, 1050), {}, (ms) =>
      ms === 1000 ? 60 : ms > 1050 && ms < 2500 ? 2500 - ms : 2,
    );
    expect(judged(drained(story)).rtoMs).toBe(1450);
  });

  test('a single success amid losses is not service', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), {}, (ms) =>
      ms < 1000 || ms === 1200 || ms >= 3000 ? 2 : 'info',
    );
    expect(judged(drained(story)).rtoMs).toBe(2002);
  });

  test('a client that sends nothing while its window is shut is down until it is served again', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), { to: 1000 });
    load(story, { from: 4000, to: 10_000, first: 10 });
    expect(judged(drained(story, 10_000)).rtoMs).toBe(3002);
  });

  test('one healthy partition does not hide the outage of another', () => {
    const story = load(new Story(under('leader', { partitions: 2 })).fault(0, 1000), {});
    load(story, { letter: 'b', partition: 1 }, (ms) => (ms >= 1000 && ms < 2000 ? 2000 - ms : 2));
    expect(judged(drained(story)).rtoMs).toBe(1000);
  });

  test('a client is followed until it is back in its last partition', () => {
    const story = new Story(under('leader', { partitions: 2 })).fault(0, 1000);
    let sequence = 0;
    for (let ms = 0; ms < 20_000; ms += 50) {
      const partition = sequence % 2;
      const name = `a${sequence++}`;
      story.at(ms).invoke(name, partition);
      const down = partition === 1 && ms >= 1000 && ms < 9000;
      if (down) story.at(ms + 1).complete(name, 'info');
      else story.at(ms + 2).complete(name, 'ok', { offset: sequence, partition });
    }
    expect(judged(drained(story, 20_000)).rtoMs).toBe(8052);
  });

  test('an operation without an answer counts where its key lives', () => {
    const story = load(new Story(under('leader', { partitions: 2 })).fault(0, 1000), {});
    load(story, { letter: 'b', partition: 1 }, (ms) => (ms >= 1000 && ms < 2000 ? 'none' : 2));
    expect(judged(drained(story)).rtoMs).toBe(1002);
  });

  test('an operation whose partition nobody knows counts against all', () => {
    const rto = (fate: 'info' | 'ok') => {
      const story = new Story(under('leader')).fault(0, 1000);
      let sequence = 0;
      for (let ms = 0; ms < 9000; ms += 50) {
        const name = `a${sequence}`;
        const lost = ms >= 1000 && ms < 3000 && sequence % 2 === 1;
        story.at(ms).invoke(name, lost ? 1000 + sequence : 0);
        if (lost && fate === 'info') story.at(ms + 2).complete(name, 'info');
        else story.at(ms + 2).complete(name, 'ok', { offset: sequence });
        sequence++;
      }
      return judged(drained(story)).rtoMs;
    };
    expect(rto('ok')).toBe(2);
    expect(rto('info')).toBeGreaterThan(1900);
  });

  test('the lives of a worker are one client', () => {
    const story = load(new Story(under('producer')).fault(0, 1000, { victims: ['producer 1'] }), {
      to: 1000,
    });
    let sequence = 0;
    for (let ms = 3000; ms < 9000; ms += 100) {
      const message = { producer: 7, sequence };
      story.event('producer-1.2', {
        type: 'invoke',
        ...message,
        key: 0,
        intended: ms * 1e6,
        time: ms * 1e6,
      });
      story.event('producer-1.2', {
        type: 'complete',
        ...message,
        outcome: 'ok',
        partition: 0,
        offset: 100 + sequence,
        attempts: 1,
        time: (ms + 3) * 1e6,
      });
      sequence++;
    }
    expect(judged(drained(story)).rtoMs).toBe(2003);
  });

  test('each node of a rolling fault has its own', () => {
    const story = new Story(under('each-node'))
      .fault(0, 1000, { victims: ['node 1'] })
      .fault(1, 2000, { victims: ['node 2'] });
    load(story, {}, (ms) => (ms >= 2000 && ms < 2500 ? 2500 - ms : 2));
    const { faults, recovery } = drained(story).judge();
    expect(faults.map(({ victims, rtoMs }) => [victims[0], rtoMs])).toEqual([
      ['node 1', 2],
      ['node 2', 500],
    ]);
    expect(recovery.rtoMs).toBe(500);
  });

  test('over all faults is not known unless it is for each', () => {
    const story = new Story(under('each-node'))
      .fault(0, 1000, { victims: ['node 1'] })
      .fault(1, 7000, { victims: ['node 2'] });
    load(story, {}, (ms) => (ms < 7000 ? 2 : 'info'));
    const { faults, recovery } = drained(story).judge();
    expect(faults.map(({ rtoMs }) => rtoMs)).toEqual([2, null]);
    expect(recovery.rtoMs).toBeNull();
  });

  test('is not known when the load ended too early to tell', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), { to: 5000 }, (ms) =>
      ms < 1000 || ms >= 2000 ? 2 : 'info',
    );
    expect(judged(drained(story, 5000))).toMatchObject({
      verdict: 'unknown',
      rtoMs: null,
      overall: null,
    });
  });

  test('is not known when service was back for less than 5 s', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), {}, (ms) =>
      ms < 1000 || ms >= 5000 ? 2 : 'info',
    );
    expect(judged(drained(story))).toMatchObject({ verdict: 'unknown', rtoMs: null });
  });

  test('a service that stays away is never recovered', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), {}, (ms) =>
      ms < 1000 ? 2 : 'info',
    );
    expect(judged(drained(story))).toMatchObject({ verdict: 'invalid', rtoMs: null });
  });

  test('a load that goes on beyond its plan tells whether service comes back', () => {
    const until = (backMs: number) => {
      const story = load(new Story(under('leader')).fault(0, 1000), { to: 22_000 }, (ms) =>
        ms < 1000 || ms >= backMs ? 2 : 'info',
      );
      return judged(drained(story, 3000));
    };
    expect(until(15_000)).toMatchObject({ verdict: 'valid', rtoMs: 14_002 });
    expect(until(Infinity)).toMatchObject({ verdict: 'invalid', rtoMs: null });
  });

  test('what is not healed in time for 5 s of load cannot be told', () => {
    const story = new Story(under('leader')).fault(0, 1000, { healMs: 5000 });
    load(story, {}, (ms) => (ms < 1000 ? 2 : 'info'));
    expect(judged(drained(story))).toMatchObject({ verdict: 'unknown', rtoMs: null });
  });

  test('a client that hangs until the load ends is never recovered', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), { to: 1200 }, (ms) =>
      ms < 1000 ? 2 : 'none',
    );
    expect(judged(drained(story))).toMatchObject({ verdict: 'invalid', rtoMs: null });
  });

  test('losing one in a hundred is service, two are not', () => {
    const lose = (count: number) => {
      const story = new Story(under('leader')).fault(0, 1000);
      let sequence = 0;
      for (let ms = 0; ms < 9000; ms += 50) {
        story.at(ms).invoke(`a${sequence}`);
        const lost = ms >= 3000 && ms < 3000 + count * 50;
        if (!lost) story.at(ms + 2).complete(`a${sequence}`, 'ok', { offset: sequence });
        else story.at(ms + 2).complete(`a${sequence}`, 'info');
        sequence++;
      }
      return judged(drained(story)).rtoMs;
    };
    expect(lose(1)).toBe(2);
    expect(lose(2)).toBeGreaterThan(1900);
  });

  test('a fault at which nobody had been served yet tells nothing', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), { from: 1500 });
    expect(judged(drained(story))).toMatchObject({ verdict: 'unknown', rtoMs: null });
  });

  test('a fault on a consumer is over when its group is given every partition again', () => {
    const told = () => {
      const story = load(
        new Story(under('consumer', { consumers: 2, partitions: 2 })).fault(0, 1000, {
          victims: ['consumer 1'],
        }),
        {},
      );
      story.at(500).delivered('a0', 0).at(510).delivered('a1', 0, { consumer: 2, partition: 1 });
      return story.at(1010).delivered('a2', 1, { consumer: 2, partition: 1 });
    };
    expect(judged(told().at(3990).delivered('a3', 1, { consumer: 2 }))).toMatchObject({
      verdict: 'valid',
      rtoMs: 2990,
    });
    expect(judged(told())).toMatchObject({ verdict: 'unknown', rtoMs: null });
  });

  test('a partition of which a group had all before its consumer was hit needs no return', () => {
    const told = () => {
      const options = under('consumer', { consumers: 2, partitions: 2 });
      const story = new Story(options).fault(0, 1000, { victims: ['consumer 1'] });
      story.at(10).acked('a0', 0).acked('b0', 0, { partition: 1 });
      return story.at(20).delivered('a0', 0).at(510).delivered('b0', 0, { partition: 1 });
    };
    const returned = (story: Story) => story.at(2000).delivered('a0', 0, { consumer: 2 });
    const all = (story: Story) => story.log('a0').log('b0', { partition: 1 });
    expect(judged(returned(all(told())))).toMatchObject({ verdict: 'valid', rtoMs: 1000 });
    const more = told().unknown('b1').log('a0').log('b0 b1', { partition: 1 });
    expect(judged(returned(more))).toMatchObject({ verdict: 'unknown', rtoMs: null });
    const unread = told().log('a0').readEnd({ partition: 1, complete: false });
    expect(judged(returned(unread))).toMatchObject({ verdict: 'unknown', rtoMs: null });
  });

  test('a fault on a consumer is no business of another group', () => {
    const options = under('consumer', { consumers: 2 });
    const scenario = {
      ...options.scenario,
      workload: { ...options.scenario?.workload, groups: 2 },
    };
    const story = load(new Story({ scenario }).fault(0, 1000, { victims: ['consumer 1'] }), {});
    const other = story.plan.consumers.find(({ worker }) => worker === 2)!;
    expect(other.group).not.toBe(story.plan.consumers[0]!.group);
    story.at(500).delivered('a0', 0).delivered('a0', 0, { consumer: 2 });
    expect(judged(story.at(1990).delivered('a1', 1))).toMatchObject({
      verdict: 'valid',
      rtoMs: 990,
    });
  });

  test('times of two clocks are not compared', () => {
    const story = load(new Story(under('leader')).fault(0, 1000), {}).header('producer-1', {
      clockDomain: 'elsewhere',
    });
    expect(judged(drained(story))).toMatchObject({ verdict: 'unknown', rtoMs: null });
  });
});
