import { describe, expect, test } from 'vitest';
import type { MeasuredExposure } from './book/exposure.ts';
import { checkers } from './registry.ts';
import { Story } from './testing/story.ts';
import type { StoryOptions } from './testing/story.ts';
import { pass, summaryOf } from './testing/summary.ts';

interface Setting {
  readonly flush?: 'sync' | 'async' | 'os';
  readonly replication?: 'none' | 'async' | 'quorum';
  readonly partitions?: number;
  readonly consumers?: number;
  readonly dense?: boolean;
  readonly faults?: readonly {
    fault: string;
    target?: string;
    at?: string;
    for?: string;
    with?: Record<string, unknown>;
  }[];
  /** By fault; a number, of each partition, was measured a millisecond before it took effect. */
  readonly exposures?: readonly (number | MeasuredExposure | null)[];
}

const three = ['node 1', 'node 2', 'node 3'];
const seen = (story: Story) => summaryOf(story.judge());

/** Three nodes, flush interval 100 ms; one fault unless told otherwise. */
function cluster(setting: Setting = {}): Story {
  const { flush = 'async', replication = 'quorum', consumers = 0, exposures = [5] } = setting;
  const { partitions = 1, dense = true } = setting;
  const faults = (setting.faults ?? [{ fault: 'power-cut', target: 'all-nodes' }]).map((one) => ({
    target: 'leader',
    at: '1s',
    for: '1s',
    ...one,
  }));
  const options: StoryOptions = {
    scenario: {
      nodes: 3,
      topic: {
        flush,
        replication,
        replicas: replication === 'none' ? 1 : 3,
        flushInterval: '100ms',
        partitions,
      },
      workload: { consumers },
      phases: [{ name: 'main', duration: '60s', faults }],
      // These stories are too short to tell when service came back.
      checks: checkers.map(({ name }) => name).filter((name) => name !== 'recovery'),
    },
    capabilities: { denseOffsets: dense },
    exposures: new Map(
      exposures.flatMap((exposure, fault) => (exposure === null ? [] : [[fault, exposure]])),
    ),
  };
  return new Story(options);
}

/** a0 long before, a1 and a2 shortly before 1000 ms. */
const load = (setting?: Setting): Story =>
  cluster(setting).at(10).acked('a0', 0).at(950).acked('a1', 1).acked('a2', 2);

const window = (count: number) => ({ ...pass, anomalies: { 'lost-window': count } });
const failedBy = (anomaly: string, count: number) => ({
  verdict: 'fail',
  invalid: ['lost'],
  anomalies: { [anomaly]: count },
});

describe('a power cut of all nodes', () => {
  test('takes nothing from what was synced before it was acked', () => {
    const cut = (log: string) =>
      load({ flush: 'sync' }).fault(0, 1000, { victims: three }).log(log);
    expect(seen(cut('a0 a1 a2'))).toEqual(pass);
    expect(seen(cut('a0 a1'))).toMatchObject(failedBy('lost-tail', 1));
  });

  test('may take what was acked within the flush interval plus one sync, and nothing older', () => {
    const ackedAt = (ms: number) =>
      cluster()
        .at(10)
        .acked('a0', 0)
        .at(ms - 1)
        .acked('a1', 1)
        .fault(0, 1000, { victims: three });
    // Measured at 999, with syncs of up to 10 ms.
    expect(seen(ackedAt(889).log('a0'))).toEqual(window(1));
    expect(seen(ackedAt(888).log('a0'))).toMatchObject(failedBy('lost-beyond-window', 1));
  });

  test('may take as many as were exposed, and no more of what was acked by then', () => {
    const exposed = (count: number) =>
      load({ exposures: [count] })
        .fault(0, 1000, { victims: three })
        .log('a0');
    expect(seen(exposed(2))).toEqual(window(2));
    expect(seen(exposed(1))).toMatchObject({
      verdict: 'fail',
      invalid: ['lost'],
      anomalies: { 'lost-window': 1, 'lost-beyond-window': 1 },
    });
  });

  test('may take in each partition what was exposed in it, whatever another did not lose', () => {
    const exposed = (...byPartition: number[]) => {
      const exposure = { byPartition, syncMsMax: 10, measuredAtNanos: 999e6 };
      return cluster({ partitions: 2, exposures: [exposure] })
        .at(10)
        .acked('a0', 0)
        .acked('b0', 0, { partition: 1 })
        .at(950)
        .acked('a1', 1)
        .acked('a2', 2)
        .acked('b1', 1, { partition: 1 })
        .fault(0, 1000, { victims: three })
        .log('a0')
        .log('b0', { partition: 1 });
    };
    expect(seen(exposed(2, 1))).toEqual(window(3));
    const beyond = { 'lost-window': 2, 'lost-beyond-window': 1 };
    expect(seen(exposed(1, 9))).toMatchObject({ verdict: 'fail', anomalies: beyond });
    expect(seen(exposed(9, 0))).toMatchObject({ verdict: 'fail', anomalies: beyond });
    expect(seen(exposed(9))).toMatchObject({ verdict: 'fail', anomalies: beyond });
  });

  test('may also take what was acked between the measurement and the cut', () => {
    const measured = (ms: number) => {
      const exposure = { byPartition: [1], syncMsMax: 10, measuredAtNanos: ms * 1e6 };
      return load({ exposures: [exposure] })
        .fault(0, 1000, { victims: three })
        .log('a0');
    };
    // a1 was acked at 951, a2 at 953.
    expect(seen(measured(953))).toEqual(window(2));
    expect(seen(measured(954))).toMatchObject({ anomalies: { 'lost-beyond-window': 1 } });
  });

  test('is bounded by what was exposed alone where the kernel decides when to write', () => {
    const old = cluster({ flush: 'os' }).at(10).acked('a0', 0).acked('a1', 1);
    expect(seen(old.fault(0, 9000, { victims: three }).log('a0'))).toEqual(window(1));
    const more = cluster({ flush: 'os', exposures: [1] })
      .at(10)
      .acked('a0', 0)
      .acked('a1', 1)
      .acked('a2', 2);
    expect(seen(more.fault(0, 9000, { victims: three }).log('a0'))).toMatchObject({
      anomalies: { 'lost-beyond-window': 1 },
    });
  });

  test('may take what had been delivered, and tell consumers so', () => {
    const told = (flush: 'async' | 'sync') =>
      load({ flush, consumers: 1 })
        .consumed('a0 a1 a2')
        .fault(0, 1000, { victims: three })
        .at(1500)
        .acked('b0', 1)
        .acked('b1', 2)
        .position('diverged', 1, 0, 1)
        .delivered('b0', 1)
        .delivered('b1', 2)
        .log('a0 b0 b1');
    expect(seen(told('async'))).toEqual({
      ...pass,
      anomalies: {
        'lost-window': 2,
        'vanished-window': 2,
        superseded: 2,
        'redelivery-superseded': 2,
        'sent-back-window': 1,
      },
    });
    expect(seen(told('sync'))).toMatchObject({
      invalid: ['corrupted', 'inconsistent-offset', 'lost', 'poll'],
      anomalies: { 'lost-tail': 2, 'redelivery-changed': 2, 'sent-back': 1 },
    });
  });

  test('may move a message whose producer had no ack yet, and never one that was acked', () => {
    const moved = (story: Story) => seen(story.log('a0 a3'));
    const before = () =>
      cluster({ consumers: 1 }).at(10).acked('a0', 0).at(980).invoke('a1').complete('a1', 'info');
    const given = before()
      .invoke('a2')
      .complete('a2', 'info')
      .invoke('a3')
      .consumed('a0 a1 a2 a3')
      .fault(0, 1000, { victims: three })
      .at(1500)
      .position('diverged', 1, 0, 1)
      .delivered('a3', 1);
    expect(moved(given.complete('a3', 'ok', { offset: 1 }))).toEqual({
      ...pass,
      anomalies: {
        'duplicate-window': 1,
        superseded: 1,
        'redelivery-superseded': 1,
        'sent-back-window': 1,
        'vanished-unacked-window': 2,
      },
    });
  });

  test('may not leave what was acked and lost at another place', () => {
    const story = load({ consumers: 1 })
      .consumed('a0 a1 a2')
      .fault(0, 1000, { victims: three })
      .at(1500)
      .position('diverged', 1, 0, 1)
      .delivered('a2', 1)
      .log('a0 a2');
    expect(seen(story)).toMatchObject({
      verdict: 'fail',
      invalid: ['duplicate', 'lost'],
      anomalies: { 'duplicate-broker': 1 },
    });
  });

  test('may not send a consumer back before it happened', () => {
    const story = load({ consumers: 1 })
      .consumed('a0 a1 a2')
      .at(999)
      .position('diverged')
      .delivered('a0', 0)
      .delivered('a1', 1)
      .delivered('a2', 2)
      .fault(0, 1010, { victims: three });
    expect(seen(story.log('a0 a1 a2'))).toMatchObject({
      invalid: ['poll'],
      anomalies: { 'sent-back': 1 },
    });
  });

  test('may take the end, and no hole and no beginning', () => {
    const cut = (log: string, from = 0) =>
      seen(load().fault(0, 1000, { victims: three }).log(log, { from }));
    expect(cut('a0 - a2')).toMatchObject({ anomalies: { 'lost-middle': 1 } });
    expect(cut('a1 a2', 1)).toMatchObject({ anomalies: { 'lost-prefix': 1 } });
    expect(cut('a0 a1')).toEqual(window(1));
  });

  test('may take all that was there, as far as it was not safe', () => {
    const all = (setting: Setting = {}) =>
      seen(load(setting).fault(0, 1000, { victims: three }).at(1500).acked('b0', 0).log('b0'));
    const legal = { ...pass, anomalies: { 'lost-window': 3, superseded: 1 } };
    expect(all({ flush: 'os' })).toEqual(legal);
    expect(all({ flush: 'os', replication: 'none' })).toEqual(legal);
    expect(all({ flush: 'os', exposures: [2] })).toMatchObject({
      verdict: 'fail',
      anomalies: { 'lost-window': 2, 'lost-beyond-window': 1 },
    });
    // a0 is older than the flush interval.
    expect(all({ flush: 'async' })).toMatchObject({
      verdict: 'fail',
      anomalies: { 'lost-window': 2, 'lost-beyond-window': 1 },
    });
    expect(all({ flush: 'sync' })).toMatchObject({ verdict: 'fail', anomalies: { 'lost-all': 3 } });
  });

  test('whose exposure was not measured leaves the loss in doubt', () => {
    const story = load({ exposures: [null] })
      .fault(0, 1000, { victims: three })
      .log('a0 a1');
    expect(seen(story)).toMatchObject({ verdict: 'inconclusive', unknown: ['lost'] });
    expect(story.judge().reasons.join('\n')).toContain('the 1 lost cannot be held against it');
  });

  test('that exposed nothing and took nothing proves nothing', () => {
    const exposed = (count: number) =>
      seen(
        load({ exposures: [count] })
          .fault(0, 1000, { victims: three })
          .log('a0 a1 a2'),
      );
    expect(exposed(0)).toMatchObject({ verdict: 'inconclusive', unknown: ['loss-window'] });
    expect(exposed(1)).toEqual(pass);
  });

  test('leaves a replica that caught up with the same log, and one that did not differs', () => {
    const told = () =>
      load().fault(0, 1000, { victims: three }).at(1500).acked('b0', 1).copy(0, 'a0 b0');
    const copies = (third: string) => told().copy(1, 'a0 b0').copy(2, 'a0 b0').copy(3, third);
    expect(seen(copies('a0 b0'))).toEqual({
      ...pass,
      anomalies: { 'lost-window': 2, superseded: 1 },
    });
    expect(seen(copies('a0 a1'))).toMatchObject({
      invalid: ['lost', 'replica-divergence'],
      anomalies: { diverged: 1, 'lost-on-node': 1 },
    });
  });
});

describe('a power cut of one node', () => {
  test('may take any tail of what a quorum had not synced', () => {
    const setting = { faults: [{ fault: 'power-cut' }], exposures: [1] };
    expect(seen(load(setting).fault(0, 9000).log('a0'))).toEqual(window(2));
    expect(seen(load(setting).fault(0, 9000).log('a0 - a2'))).toMatchObject({
      anomalies: { 'lost-middle': 1 },
    });
  });

  test('takes nothing that a quorum had synced', () => {
    const setting = { flush: 'sync', faults: [{ fault: 'power-cut' }] } as const;
    expect(seen(load(setting).fault(0, 1000).log('a0 a1'))).toMatchObject(failedBy('lost-tail', 1));
  });

  test('takes what the only replica had not flushed', () => {
    const setting = { replication: 'none', faults: [{ fault: 'power-cut' }] } as const;
    const log = (names: string) => ({
      copies: load(setting).fault(0, 1000).copy(0, names).copy(1, names),
    });
    expect(seen(log('a0').copies)).toEqual(window(2));
    const synced = load({ ...setting, flush: 'sync' })
      .fault(0, 1000)
      .copy(0, 'a0')
      .copy(1, 'a0');
    expect(seen(synced)).toMatchObject(failedBy('lost-tail', 2));
  });
});

describe('a leader that is cut off with clients on its side', () => {
  const during = (replication: 'async' | 'quorum', ms: number) =>
    load({ replication, faults: [{ fault: 'cut', for: '5s' }] })
      .fault(0, 1000, { healMs: 6000 })
      .at(ms)
      .acked('a3', 3)
      .at(7000)
      .acked('b0', 3)
      .log('a0 a1 a2 b0');

  test('may lose what it acked alone until the cut was healed', () => {
    const legal = { ...pass, anomalies: { 'lost-window': 1, superseded: 1 } };
    expect(seen(during('async', 1300))).toEqual(legal);
    expect(seen(during('async', 6000))).toEqual(legal);
    expect(seen(during('async', 6001))).toMatchObject({
      verdict: 'fail',
      invalid: ['lost'],
      anomalies: { 'lost-tail': 1 },
    });
  });

  test('leaves no place empty among what was acked since, where every offset is used', () => {
    const since = (log: string, dense = true) =>
      seen(
        load({ replication: 'async', dense, faults: [{ fault: 'cut', for: '5s' }] })
          .fault(0, 1000, { healMs: 6000 })
          .at(1300)
          .acked('a3', 3)
          .at(1400)
          .unknown('c0')
          .acked('b0', 4)
          .log(log),
      );
    expect(since('a0 a1 a2 - b0')).toMatchObject({ anomalies: { 'lost-middle': 1 } });
    // Nobody filled the places that it left, or the new leader did: no ack tells who gave it.
    expect(since('a0 a1 a2')).toEqual(window(2));
    expect(since('a0 a1 a2 - b0', false)).toEqual(window(1));
    const regrown = { ...pass, anomalies: { 'lost-window': 1, superseded: 1 } };
    expect(since('a0 a1 a2 c0 b0')).toEqual(regrown);
  });

  test('acks nothing alone where a quorum is promised', () => {
    expect(seen(during('quorum', 1300))).toMatchObject({
      invalid: ['inconsistent-offset', 'lost'],
      anomalies: { 'lost-tail': 1 },
    });
  });

  test('loses nothing of it to a cut from its clients alone', () => {
    const faults = [{ fault: 'cut', with: { from: 'clients' } }];
    const story = load({ replication: 'async', faults }).fault(0, 1000);
    expect(seen(story.log('a0 a1'))).toMatchObject(failedBy('lost-tail', 1));
  });
});

describe('a failed sync', () => {
  test('takes what the node acked until it failed, where acks do not wait for it', () => {
    const told = (flush: 'async' | 'sync') =>
      load({ flush, faults: [{ fault: 'sync-error' }] })
        .fault(0, 1000, { healMs: 3000 })
        .at(1050)
        .acked('a3', 3)
        .log('a0 a1 a2');
    expect(seen(told('async'))).toEqual(window(1));
    expect(seen(told('sync'))).toMatchObject(failedBy('lost-tail', 1));
  });
});

describe('a damaged copy', () => {
  test('costs nothing while others are whole, and its end where it was the only one', () => {
    const torn = (replication: 'none' | 'quorum') =>
      load({ replication, faults: [{ fault: 'torn-tail' }] })
        .fault(0, 1000)
        .log('a0 a1', { nodes: replication === 'none' ? 1 : 3 });
    expect(seen(torn('none'))).toEqual(window(1));
    expect(seen(torn('quorum'))).toMatchObject(failedBy('lost-tail', 1));
  });

  test('costs no more than an end: the rest is refused, and back once it is healed', () => {
    const gone = load({ replication: 'none', faults: [{ fault: 'torn-tail' }] }).fault(0, 1000);
    expect(seen(gone.log('', { nodes: 1 }))).toMatchObject(failedBy('lost-all', 3));
  });
});

describe('several faults', () => {
  const kill = { fault: 'kill' };
  const cutAll = { fault: 'power-cut', target: 'all-nodes', at: '2s' };

  test('each loss is laid to the fault whose window explains it, also behind one that must lose none', () => {
    const story = load({ faults: [kill, cutAll], exposures: [null, 5] })
      .fault(0, 980)
      .fault(1, 1000, { victims: three })
      .log('a0');
    expect(seen(story)).toEqual(window(2));
    expect(story.judge().faults.map(({ lossWindowMessages }) => lossWindowMessages)).toEqual([
      0, 2,
    ]);
  });

  test('a window does not excuse what was sent after its fault, though that is not healed yet', () => {
    const story = load({ faults: [cutAll, { ...kill, at: '3s' }] })
      .fault(0, 1000, { victims: three, healMs: 3000 })
      .at(1500)
      .acked('a3', 3)
      .fault(1, 1600)
      .log('a0 a1 a2');
    expect(seen(story)).toMatchObject({ invalid: ['lost'], anomalies: { 'lost-tail': 1 } });
    expect(story.judge().faults.map(({ lossWindowMessages }) => lossWindowMessages)).toEqual([
      0, 1,
    ]);
  });

  test('what exceeds the exposure of one may be explained by the next', () => {
    const twice = (second: number) =>
      seen(
        load({ faults: [{ ...cutAll, at: '1s' }, cutAll], exposures: [1, second] })
          .fault(0, 1000, { victims: three })
          .fault(1, 1020, { victims: three })
          .log('a0'),
      );
    expect(twice(1)).toEqual(window(2));
    expect(twice(0)).toMatchObject({ anomalies: { 'lost-beyond-window': 1, 'lost-window': 1 } });
  });

  test('of which the first took all do not hide what the second took', () => {
    const told = (second: string, log: string) =>
      seen(
        load({ flush: 'os', faults: [cutAll, { target: 'leader', at: '3s', fault: second }] })
          .fault(0, 1000, { victims: three })
          .at(1500)
          .acked('b0', 0)
          .acked('b1', 1)
          .fault(1, 3000)
          .log(log),
      );
    const took = (count: number) => ({
      ...pass,
      anomalies: { 'lost-window': count, superseded: 2 },
    });
    expect(told('kill', 'b0 b1')).toEqual(took(3));
    expect(told('power-cut', '')).toMatchObject({ anomalies: { 'lost-window': 5 } });
    expect(told('kill', '')).toMatchObject({
      verdict: 'fail',
      anomalies: { 'lost-window': 3, 'lost-all': 2 },
    });
    expect(told('kill', 'b0')).toMatchObject({
      verdict: 'fail',
      anomalies: { 'lost-window': 3, 'lost-tail': 1 },
    });
  });

  test('the second of which may take all does not excuse what went with the first', () => {
    const told = (a3: number, log: string, from: number) =>
      seen(
        load({ flush: 'os', faults: [kill, cutAll], exposures: [null, 5] })
          .fault(0, 1000)
          .at(1500)
          .acked('a3', a3)
          .fault(1, 2000, { victims: three })
          .log(log, { from }),
      );
    expect(told(3, '', 0).anomalies).toEqual({ 'lost-window': 4 });
    expect(told(3, 'a3', 3)).toMatchObject(failedBy('lost-prefix', 3));
    expect(told(0, 'a3', 0)).toMatchObject({ verdict: 'fail', anomalies: { 'lost-all': 3 } });
  });

  test('the oldest are those beyond what was exposed', () => {
    const story = load({ exposures: [1] })
      .fault(0, 1000, { victims: three })
      .log('a0');
    const verdict = story.judge().verdicts.find(({ check }) => check === 'lost')!;
    const beyond = verdict.anomalies.find(({ kind }) => kind === 'lost-beyond-window')!;
    expect(beyond.examples).toEqual([
      'producer 1 sequence 1, acked at p0@1 (not yet safe in p0: 1)',
    ]);
  });
});

describe('a broker that cannot tell what it has not synced', () => {
  const told = (log: string) =>
    new Story({
      target: 'nats',
      scenario: {
        nodes: 3,
        topic: { flush: 'async', replication: 'quorum', replicas: 3 },
        workload: { consumers: 0 },
        phases: [
          {
            name: 'main',
            duration: '60s',
            faults: [{ fault: 'power-cut', target: 'all-nodes', at: '1s', for: '1s' }],
          },
        ],
        checks: checkers.map(({ name }) => name).filter((name) => name !== 'recovery'),
      },
    })
      .at(950)
      .acked('a0', 0)
      .acked('a1', 1)
      .fault(0, 1000, { victims: three })
      .log(log);

  test('answers nothing when it loses nothing, and says why in one sentence', () => {
    const { verdict, reasons } = told('a0 a1').judge();
    expect(verdict).toBe('inconclusive');
    expect(reasons).toEqual([
      'loss-window: 2 messages were sent and acked in the second before 1 fault: 0 lost; ' +
        'this mode may lose messages, power-cut of node 1, node 2, node 3 (all-nodes) cost none, ' +
        'and nobody measured how many were not yet safe: whether any were at risk is not known',
    ]);
  });

  test('shows by a loss that there was something to lose', () => {
    expect(seen(told('a0'))).toEqual(window(1));
  });

  test('is held to the interval that it documents, and to a sync of ten seconds, with one replica', () => {
    const faults = [{ fault: 'power-cut', target: 'node-1', at: '30s', for: '1s' }];
    const cutAt = (ms: number) =>
      new Story({
        target: 'nats',
        scenario: {
          nodes: 1,
          topic: { flush: 'async', flushInterval: '2s', replication: 'none', replicas: 1 },
          workload: { consumers: 0 },
          phases: [{ name: 'main', duration: '60s', faults }],
          checks: checkers.map(({ name }) => name).filter((name) => name !== 'recovery'),
        },
      })
        .at(1000)
        .acked('a0', 0)
        .acked('a1', 1)
        .fault(0, ms, { victims: ['node 1'] })
        .log('a0');
    expect(seen(cutAt(12_900))).toEqual(window(1));
    expect(seen(cutAt(13_100))).toMatchObject(failedBy('lost-beyond-window', 1));
  });
});
