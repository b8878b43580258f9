import { describe, expect, test } from 'vitest';
import type { Fault, FaultSite, Proof, Victim } from '../fault/fault.ts';
import { faults } from '../fault/registry.ts';
import type { NodeState } from '../cluster/cluster.ts';
import type { FaultEvent } from '../history/events.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { Nemesis, type NemesisOptions } from './nemesis.ts';

/** A victim that obeys at once, and keeps an account of what was done to it. */
function victimCalled(name: string, changes: Partial<Victim> = {}) {
  const deeds: string[] = [];
  let state: NodeState = 'running';
  let pid = 100;
  const act = (deed: string, next: NodeState) => async () => {
    deeds.push(deed);
    if (deed === 'start') pid++;
    state = next;
    return monotonicNanos();
  };
  const stopped = act('stop', 'stopped');
  const victim: Victim = {
    target: 'node',
    number: 1,
    name,
    housing: 'process',
    pid: () => pid,
    start: act('start', 'running'),
    stop: async () => {
      const askedAt = monotonicNanos();
      return { askedAt, endedAt: await stopped(), orderly: true, how: 'exit code 0' };
    },
    kill: act('kill', 'stopped'),
    pause: act('pause', 'paused'),
    resume: act('resume', 'running'),
    state: async () => state,
    answers: async () => state === 'running',
    ...changes,
  };
  return { victim, deeds };
}

function siteOf(...victims: Victim[]): FaultSite {
  return { victims, options: {}, seed: 1, roles: async () => ({ leaders: [], coordinator: 0 }) };
}

function planned(id: number, changes: Partial<PlannedFault> = {}): PlannedFault {
  return {
    id,
    phase: 'a',
    kind: 'kill',
    target: 'leader',
    options: {},
    atMs: 0,
    healAtMs: 20,
    after: null,
    pick: 0,
    seed: 1,
    ...changes,
  };
}

function rig(plan: PlannedFault[], options: Partial<NemesisOptions> = {}) {
  const events: FaultEvent[] = [];
  const hurt = victimCalled('node 1');
  const nemesis = new Nemesis({
    planned: plan,
    faults,
    originNanos: monotonicNanos(),
    endNanos: Infinity,
    resolve: async () => siteOf(hurt.victim),
    measure: async () => ({ nothing: false, keep: () => undefined }),
    settle: async () => undefined,
    record: (event) => events.push(event),
    ...options,
  });
  return { nemesis, events, deeds: hurt.deeds, steps: () => events.map(({ step }) => step) };
}

const wholeLife = ['requested', 'effective', 'probed', 'heal-requested', 'healed', 'heal-probed'];

describe('the nemesis', () => {
  test.each(['kill', 'stop', 'pause', 'restart'])(
    'writes down the whole life of a %s, with its proofs',
    async (kind) => {
      const { nemesis, events, steps } = rig([
        planned(0, { kind, healAtMs: kind === 'restart' ? null : 20 }),
      ]);
      await nemesis.run();
      expect(steps()).toEqual(wholeLife);
      expect(events.map(({ victims }) => victims)).toEqual(events.map(() => ['node 1']));
      expect(events.filter(({ result }) => result !== '').map(({ result }) => result)).toEqual([
        'confirmed',
        'confirmed',
      ]);
    },
  );

  test('injects at the planned time and heals after the planned while', async () => {
    const { nemesis, events } = rig([planned(0, { atMs: 60, healAtMs: 160 })]);
    const start = monotonicNanos();
    await nemesis.run();
    const at = (step: string) => (events.find((event) => event.step === step)!.time - start) / 1e6;
    expect(at('effective')).toBeGreaterThan(55);
    expect(at('heal-requested') - at('effective')).toBeGreaterThanOrEqual(99);
  });

  describe('while a victim is being healed, and that is proven', () => {
    /** A fault whose healing takes a while to be seen. */
    const slowly = (kind: string): Fault => ({
      ...faults.find((fault) => fault.kind === 'kill')!,
      kind,
      async probe(_, expected) {
        if (expected === 'healed') await new Promise((resolve) => setTimeout(resolve, 60));
        return { result: 'confirmed', evidence: 'seen' };
      },
    });
    const toldOf = async (second: Partial<PlannedFault>, others: Partial<NemesisOptions> = {}) => {
      const plan = [
        planned(0, { kind: 'slow' }),
        planned(1, { kind: 'slow', atMs: 40, ...second }),
      ];
      const { nemesis, events } = rig(plan, {
        faults: [slowly('slow'), slowly('other')],
        ...others,
      });
      await nemesis.run();
      return events.map(({ fault, step }) => `${step} ${fault}`);
    };

    test('another fault of the kind waits for it', async () => {
      const whole = (fault: number) => wholeLife.map((step) => `${step} ${fault}`);
      expect(await toldOf({})).toEqual([...whole(0), ...whole(1)]);
    });

    test('also while the deed that heals takes its time', async () => {
      const healed: Fault = {
        ...slowly('slow'),
        async heal() {
          await new Promise((resolve) => setTimeout(resolve, 60));
          return monotonicNanos();
        },
      };
      const told = await toldOf({}, { faults: [healed] });
      expect(told.indexOf('requested 1')).toBeGreaterThan(told.indexOf('heal-probed 0'));
    });

    test('also when it comes to nothing', async () => {
      const unhealed: Fault = {
        ...slowly('slow'),
        async heal() {
          await new Promise((resolve) => setTimeout(resolve, 60));
          throw new Error('it is stuck');
        },
      };
      const told = await toldOf({}, { faults: [unhealed] });
      expect(told.indexOf('requested 1')).toBeGreaterThan(told.indexOf('failed 0'));
      expect(told.at(-1)).toBe('failed 1');
    });

    test('what a fault puts at risk is measured once, when it has its turn', async () => {
      const measured: string[] = [];
      const plan = [planned(0, { kind: 'slow' }), planned(1, { kind: 'slow', atMs: 40 })];
      const { nemesis, events } = rig(plan, {
        faults: [slowly('slow')],
        measure: async ({ id }) => {
          measured.push(`${id} after ${events.at(-1)?.step}`);
          return { nothing: false, keep: () => undefined };
        },
      });
      await nemesis.run();
      expect(measured).toEqual(['0 after undefined', '1 after heal-probed']);
    });

    const isFirst = (told: string[]) => told.indexOf('effective 1') < told.indexOf('heal-probed 0');

    test('one of another kind does where it was to come after its end, however late that is', async () => {
      const whole = (fault: number) => wholeLife.map((step) => `${step} ${fault}`);
      expect(await toldOf({ kind: 'other' })).toEqual([...whole(0), ...whole(1)]);
      const late: Fault = {
        ...slowly('slow'),
        async probe() {
          await new Promise((resolve) => setTimeout(resolve, 60));
          return { result: 'confirmed', evidence: 'seen' };
        },
      };
      const others = { faults: [late, slowly('other')] };
      expect(await toldOf({ kind: 'other' }, others)).toEqual([...whole(0), ...whole(1)]);
      expect(await toldOf({}, { faults: [late] })).toEqual([...whole(0), ...whole(1)]);
    });

    test('one of another kind does not where it was to come before its end', async () => {
      expect(isFirst(await toldOf({ kind: 'other', atMs: 15, healAtMs: 100 }))).toBe(true);
    });

    test('of several that wait each has its turn alone', async () => {
      const plan = [
        planned(0, { kind: 'slow' }),
        planned(1, { kind: 'other', atMs: 40, healAtMs: 70 }),
        planned(2, { kind: 'slow', atMs: 75, healAtMs: 80 }),
      ];
      const { nemesis, events } = rig(plan, { faults: [slowly('slow'), slowly('other')] });
      await nemesis.run();
      const whole = (fault: number) => wholeLife.map((step) => `${step} ${fault}`);
      const told = events.map(({ fault, step }) => `${step} ${fault}`);
      expect(told).toEqual([...whole(0), ...whole(1), ...whole(2)]);
    });

    test('what has its turn only when the load is over has failed', async () => {
      const told = await toldOf({}, { endNanos: monotonicNanos() + 50e6 });
      expect(told.slice(-2)).toEqual(['requested 1', 'failed 1']);
    });

    test('one on another victim does not', async () => {
      const resolve = async ({ id }: PlannedFault) => siteOf(victimCalled(`node ${id}`).victim);
      expect(isFirst(await toldOf({}, { resolve }))).toBe(true);
    });

    test('nothing waits any more once it is aborted', async () => {
      const plan = [planned(0, { kind: 'slow' }), planned(1, { kind: 'slow', atMs: 40 })];
      const { nemesis, events } = rig(plan, { faults: [slowly('slow')] });
      setTimeout(() => nemesis.abort(), 60);
      await nemesis.run();
      expect(new Set(events.map(({ fault }) => fault))).toEqual(new Set([0]));
    });
  });

  describe('where nothing is at stake', () => {
    interface Options {
      /** Of how many looks; each may take a while. */
      readonly until: number;
      readonly lookMs?: number;
      readonly abortMs?: number;
      readonly others?: readonly PlannedFault[];
    }

    /** How often it was asked, which looks were kept, who was struck, and when. */
    const struck = async ({ until, lookMs = 0, abortMs, others = [] }: Options) => {
      let asked = 0;
      const kept: number[] = [];
      const { nemesis, events } = rig([planned(0), ...others], {
        measure: async ({ id }) => {
          if (id !== 0) return { nothing: false, keep: () => undefined };
          const look = ++asked;
          await new Promise((resolve) => setTimeout(resolve, lookMs));
          return { nothing: look < until, keep: () => void kept.push(look) };
        },
        resolve: async () => siteOf(victimCalled(`node ${asked + 1}`).victim),
      });
      if (abortMs !== undefined) setTimeout(() => nemesis.abort(), abortMs);
      const beganAt = monotonicNanos();
      await nemesis.run();
      const own = events.filter(({ fault }) => fault === 0);
      const waitedMs = ((own[0]?.time ?? NaN) - beganAt) / 1e6;
      return { asked, kept, waitedMs, victims: own[0]?.victims, steps: own.map((one) => one.step) };
    };

    test('waits until something is, and strikes whom its target then means', async () => {
      const { asked, kept, waitedMs, victims, steps } = await struck({ until: 4 });
      expect(asked).toBe(4);
      expect(waitedMs).toBeLessThan(400);
      expect(victims).toEqual(['node 4']);
      expect(steps).toEqual(wholeLife);
      // What was seen at an earlier instant, maybe of another node, is no measure of the deed.
      expect(kept).toEqual([4]);
    });

    test('strikes all the same after half a second', async () => {
      const { asked, kept, waitedMs, steps } = await struck({ until: Infinity });
      expect(waitedMs).toBeGreaterThan(350);
      expect(waitedMs).toBeLessThan(700);
      expect(steps).toEqual(wholeLife);
      expect(kept).toEqual([asked]);
    });

    test('begins no look that would end later', async () => {
      const { waitedMs } = await struck({ until: Infinity, lookMs: 300 });
      expect(waitedMs).toBeLessThan(750);
    });

    test('waits for nothing where what is planned next would no longer be', async () => {
      const soon = planned(1, { atMs: 300, healAtMs: 310 });
      expect((await struck({ until: 4, others: [soon] })).kept).toEqual([1]);
      const beforeItsEnd = planned(1, { atMs: 0, healAtMs: 500 });
      expect((await struck({ until: 4, others: [beforeItsEnd] })).kept).toEqual([1]);
      const later = planned(1, { atMs: 1100, healAtMs: 1110 });
      expect((await struck({ until: 4, others: [later] })).kept).toEqual([4]);
    });

    test('never strikes once it is aborted', async () => {
      expect((await struck({ until: Infinity, abortMs: 100 })).steps).toEqual([]);
    });
  });

  test('heals at once and starts nothing more when it is aborted', async () => {
    const { nemesis, events, steps, deeds } = rig([
      planned(0, { healAtMs: 60_000 }),
      planned(1, { atMs: 60_000 }),
    ]);
    const running = nemesis.run();
    while (!steps().includes('probed')) await new Promise((resolve) => setTimeout(resolve, 5));
    nemesis.abort();
    await running;
    expect(steps()).toEqual(wholeLife);
    expect(new Set(events.map(({ fault }) => fault))).toEqual(new Set([0]));
    expect(deeds).toEqual(['kill', 'start']);
  });

  test('waits for no cluster to settle when it is aborted', async () => {
    let isSettling = (): void => undefined;
    const settling = new Promise<void>((resolve) => (isSettling = resolve));
    const { nemesis, events } = rig([planned(0), planned(1, { after: 0 })], {
      settle: (signal) => {
        isSettling();
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    const running = nemesis.run();
    await settling;
    nemesis.abort();
    await running;
    expect(new Set(events.map(({ fault }) => fault))).toEqual(new Set([0]));
  });

  test('records a fault that nobody can be found for as failed, and goes on with the others', async () => {
    const { victim } = victimCalled('node 2');
    const { nemesis, events } = rig([planned(0), planned(1)], {
      resolve: async ({ id }) => {
        if (id === 0) throw new Error('no leader is known');
        return siteOf(victim);
      },
    });
    await nemesis.run();
    const first = events.filter(({ fault }) => fault === 0);
    expect(first.map(({ step, proof }) => [step, proof])).toEqual([
      ['requested', ''],
      ['failed', 'no leader is known'],
    ]);
    expect(events.filter(({ fault }) => fault === 1).map(({ step }) => step)).toEqual(wholeLife);
  });

  test('heals also what it failed to inject, which may have acted half-way', async () => {
    const broken = victimCalled('node 1', {
      kill: async () => Promise.reject(new Error('no such process')),
    });
    const { nemesis, events } = rig([planned(0)], { resolve: async () => siteOf(broken.victim) });
    await nemesis.run();
    expect(events.map(({ step }) => step)).toEqual([
      'requested',
      'failed',
      'heal-requested',
      'healed',
      'heal-probed',
    ]);
    expect(broken.deeds).toEqual(['start']);
  });

  test('records a healing that fails', async () => {
    const broken = victimCalled('node 1', {
      start: async () => Promise.reject(new Error('the port is taken')),
    });
    const { nemesis, events } = rig([planned(0)], { resolve: async () => siteOf(broken.victim) });
    await nemesis.run();
    expect(events.at(-1)).toMatchObject({ step: 'failed', proof: 'not healed: the port is taken' });
  });

  test('gives rolling faults their turns, each after the cluster has settled', async () => {
    const told: string[] = [];
    const { nemesis } = rig(
      [planned(0, { healAtMs: 30 }), planned(1, { after: 0 }), planned(2, { after: 1 })],
      {
        settle: async () => void told.push('settled'),
        record: ({ fault, step }) => {
          if (step === 'requested' || step === 'heal-probed') told.push(`${fault} ${step}`);
        },
      },
    );
    await nemesis.run();
    expect(told).toEqual([
      '0 requested',
      '0 heal-probed',
      'settled',
      '1 requested',
      '1 heal-probed',
      'settled',
      '2 requested',
      '2 heal-probed',
    ]);
  });
});

describe('a fault on several victims', () => {
  const kill = faults.find(({ kind }) => kind === 'kill')!;

  test('took effect when it did on the last of them', async () => {
    const early = victimCalled('node 1', { kill: async () => 5 }).victim;
    const late = victimCalled('node 2', { kill: async () => 9 }).victim;
    expect(await kill.inject(siteOf(early, late))).toBe(9);
  });

  test('hits the others also when it fails on one, and tells of it', async () => {
    const broken = victimCalled('node 1', { kill: async () => Promise.reject(new Error('gone')) });
    const whole = victimCalled('node 2');
    await expect(kill.inject(siteOf(broken.victim, whole.victim))).rejects.toThrow('gone');
    expect(whole.deeds).toEqual(['kill']);
  });

  test('is proven only when it is on every one', async () => {
    const dead = victimCalled('node 1', {
      state: async () => 'stopped',
      answers: async () => false,
    });
    const alive = victimCalled('node 2');
    expect(await kill.probe(siteOf(dead.victim, alive.victim), 'injected')).toEqual({
      result: 'mismatch',
      evidence:
        'process 100 is gone, no answer to a new connection; ' +
        'process 100 is running, expected stopped',
    });
  });
});

describe('a proof', () => {
  const fault = (kind: string): Fault => faults.find((candidate) => candidate.kind === kind)!;
  const prove = (
    kind: string,
    changes: Partial<Victim>,
    expected: 'injected' | 'healed' = 'injected',
  ): Promise<Proof> => fault(kind).probe(siteOf(victimCalled('node 1', changes).victim), expected);

  test('does not take the word of the process table alone', async () => {
    expect(
      await prove('kill', { state: async () => 'stopped', answers: async () => true }),
    ).toEqual({
      result: 'mismatch',
      evidence: 'process 100 is gone, and yet node 1 answers',
    });
    expect(
      await prove('pause', { state: async () => 'paused', answers: async () => true }),
    ).toMatchObject({ result: 'mismatch' });
  });

  test('does not take silence alone', async () => {
    expect(
      await prove('kill', { state: async () => 'running', answers: async () => false }),
    ).toEqual({
      result: 'mismatch',
      evidence: 'process 100 is running, expected stopped',
    });
    expect(
      await prove('pause', { state: async () => 'stopped', answers: async () => false }),
    ).toMatchObject({ result: 'mismatch' });
  });

  test('is confirmed when both agree', async () => {
    expect(
      await prove('kill', { state: async () => 'stopped', answers: async () => false }),
    ).toEqual({
      result: 'confirmed',
      evidence: 'process 100 is gone, no answer to a new connection',
    });
  });

  test.each(['stop', 'restart'])(
    'of a %s is not given by a process that had to be killed',
    async (kind) => {
      const killed = { askedAt: 1, endedAt: 5, orderly: false, how: 'SIGKILL' };
      const { victim } = victimCalled('node 1', { stop: async () => killed });
      const site = siteOf(victim);
      expect(await fault(kind).inject(site)).toBe(1);
      expect(await fault(kind).probe(site, 'injected')).toEqual({
        result: 'mismatch',
        evidence: 'node 1 did not end in good order (SIGKILL)',
      });
    },
  );

  test('of a restart needs another process in the place of the first', async () => {
    const { victim } = victimCalled('node 1', { pid: () => 100 });
    const site = siteOf(victim);
    await fault('restart').inject(site);
    expect(await fault('restart').probe(site, 'injected')).toMatchObject({ result: 'mismatch' });
    const untouched = victimCalled('node 1').victim;
    expect(await fault('restart').probe(siteOf(untouched), 'injected')).toMatchObject({
      result: 'inconclusive',
    });
  });
});
