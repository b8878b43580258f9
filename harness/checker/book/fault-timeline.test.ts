import { describe, expect, test } from 'vitest';
import { Story } from '../testing/story.ts';
import { describeInjection, doubtOf, FaultTimeline } from './fault-timeline.ts';

const { plan } = new Story({
  scenario: {
    nodes: 3,
    warmUp: '2s',
    phases: [
      {
        name: 'main',
        duration: '60s',
        faults: [{ fault: 'kill', target: 'leader', at: '1s', for: '1s' }],
      },
    ],
  },
});
const event = {
  type: 'fault',
  fault: 0,
  kind: 'kill',
  target: 'leader',
  proof: '',
  time: 0,
} as const;

describe('the timeline of faults', () => {
  test('counts from the first planned phase, whatever comes after it', () => {
    const timeline = new FaultTimeline(plan);
    expect(timeline.atMs(5e9)).toBe(0);
    timeline.phase({ type: 'phase', name: 'unplanned', time: 3e9 });
    timeline.phase({ type: 'phase', name: 'warm-up', time: 10e9 });
    timeline.phase({ type: 'phase', name: 'main', time: 12.5e9 });
    timeline.phase({ type: 'phase', name: 'drain', time: 90e9 });
    expect(timeline.atMs(11e9)).toBe(1000);
  });

  test('takes the origin from a later phase when the first is missing', () => {
    const timeline = new FaultTimeline(plan);
    timeline.phase({ type: 'phase', name: 'main', time: 12e9 });
    expect(timeline.atMs(11e9)).toBe(1000);
  });

  test('keeps the victims that were found, also when a later step does not name them', () => {
    const timeline = new FaultTimeline(plan);
    timeline.fault({ ...event, step: 'requested', victims: ['node 2'], result: '' });
    timeline.fault({ ...event, step: 'effective', victims: [], result: '', time: 7 });
    const [injection] = timeline.injections;
    expect(injection).toMatchObject({ victims: ['node 2'], effectiveAt: 7, aimedAt: 'node' });
    expect(describeInjection(injection!)).toBe('kill of node 2 (leader)');
    expect(doubtOf(injection!)).toContain('it was not probed');
  });

  test('counts only faults on nodes among those that can cost messages', () => {
    const two = new Story({
      scenario: {
        workload: { consumers: 1 },
        phases: [
          {
            name: 'main',
            duration: '60s',
            faults: [
              { fault: 'kill', target: 'consumer', at: '1s', for: '1s' },
              { fault: 'kill', target: 'leader', at: '2s', for: '1s' },
            ],
          },
        ],
      },
    });
    const timeline = new FaultTimeline(two.plan);
    for (const { id, target, atMs } of two.plan.faults) {
      const happens = { ...event, fault: id, target, victims: ['one'], time: atMs * 1e6 } as const;
      timeline.fault({ ...happens, step: 'requested', result: '' });
      timeline.fault({ ...happens, step: 'effective', result: '' });
    }
    expect(timeline.nodeFaults().map(({ target }) => target)).toEqual(['leader']);
  });

  test('wants a healing that was probed to have worked, also where the fault heals itself', () => {
    const restart = new Story({
      scenario: {
        phases: [
          {
            name: 'main',
            duration: '60s',
            faults: [{ fault: 'restart', target: 'leader', at: '1s' }],
          },
        ],
      },
    });
    const timeline = new FaultTimeline(restart.plan);
    const step = { ...event, kind: 'restart', victims: ['node 1'] } as const;
    timeline.fault({ ...step, step: 'requested', result: '' });
    timeline.fault({ ...step, step: 'effective', result: '' });
    timeline.fault({ ...step, step: 'probed', result: 'confirmed' });
    expect(doubtOf(timeline.injections[0]!)).toBeUndefined();
    timeline.fault({ ...step, step: 'healed', result: '' });
    timeline.fault({ ...step, step: 'heal-probed', result: 'mismatch' });
    expect(doubtOf(timeline.injections[0]!)).toContain('the healing of');
  });

  test('has no doubt left once both proofs are in', () => {
    const timeline = new FaultTimeline(plan);
    const victims = ['node 2'];
    const doubt = (): string | undefined => doubtOf(timeline.injections[0]!);
    timeline.fault({ ...event, step: 'requested', victims, result: '' });
    expect(doubt()).toContain('never took effect');
    timeline.fault({ ...event, step: 'effective', victims, result: '' });
    timeline.fault({ ...event, step: 'probed', victims, result: 'confirmed' });
    expect(doubt()).toContain('was not healed');
    timeline.fault({ ...event, step: 'healed', victims, result: '' });
    expect(doubt()).toContain('the healing of');
    timeline.fault({ ...event, step: 'heal-probed', victims, result: 'confirmed' });
    expect(doubt()).toBeUndefined();
  });
});
