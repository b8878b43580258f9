import { describe, expect, test } from 'vitest';
import type { RecordedFault } from '../../harness/record/record.ts';
import { oneHour, passWithTwoFaults } from '../testing/records.ts';
import { assignLanes, faultEnd, faultStart } from './lanes.ts';
import { timeAxisOf } from './time-axis.ts';

const record = passWithTwoFaults();
const axis = timeAxisOf([record]);
const fault = record.faults[0]!;

function laneNumbers(faults: readonly RecordedFault[]): number[] {
  return assignLanes(
    faults.map((each, index) => ({ fault: each, label: `F${index + 1}` })),
    axis,
  ).lanes.map(({ lane }) => lane);
}

describe('fault lanes', () => {
  test('one lane serves faults that follow each other', () => {
    expect(laneNumbers(record.faults)).toEqual([0, 0]);
  });

  test('faults at the same time never overlap', () => {
    expect(laneNumbers([fault, { ...fault, id: 1 }, { ...fault, id: 2 }])).toEqual([0, 1, 2]);
  });

  test('a fault that starts where another ends still has room for its label', () => {
    expect(
      laneNumbers([
        fault,
        {
          ...fault,
          requestedAtMs: faultEnd(fault),
          effectiveAtMs: faultEnd(fault) + 1,
          healedAtMs: null,
          recoveredAtMs: null,
        },
      ]),
    ).toEqual([0, 1]);
  });

  test('labels go when there would be too many lanes', () => {
    const many = Array.from({ length: 12 }, () => ({ fault, label: 'F1' }));
    expect(assignLanes(many, axis).lanes.every(({ label }) => label === '')).toBe(true);
    const hour = oneHour();
    const { lanes, count } = assignLanes(
      hour.faults.map((each) => ({ fault: each, label: 'F10' })),
      timeAxisOf([hour]),
    );
    expect(count).toBeLessThanOrEqual(5);
    expect(lanes.every(({ label }) => label === 'F10')).toBe(true);
  });

  test('a fault that never took effect has only its request', () => {
    const failed = { ...fault, effectiveAtMs: null, healedAtMs: null, recoveredAtMs: null };
    expect([faultStart(failed), faultEnd(failed)]).toEqual([
      fault.requestedAtMs,
      fault.requestedAtMs,
    ]);
  });
});
