import { describe, expect, test } from 'vitest';
import type { SuiteCell } from '../../../harness/record/suite.ts';
import { cellJobs } from './cell-job.ts';
import type { CellOutcome } from './cell-run.ts';
import { seriesOf } from './cell-series.ts';

type Worth = NonNullable<SuiteCell['worth']>;

const worth = (changes: Partial<Worth>): Worth => ({
  fault: 'power-cut-all',
  promise: { loss: 'window', bound: 'an interval' },
  observed: 'none',
  acked: 100,
  lost: 0,
  vanished: 0,
  passedOver: 0,
  exposure: 5,
  lossWindowMessages: 0,
  lossWindowMs: null,
  duplicates: 0,
  reordered: 0,
  unknown: 0,
  recoveryMs: null,
  faultsConfirmed: 1,
  lossBound: null,
  ...changes,
});

const outcome = (seed: number, changes: Partial<CellOutcome> = {}): CellOutcome => ({
  cell: 'async-none-power-cut-all',
  form: 'emulated',
  seed,
  verdict: 'pass',
  worth: worth({}),
  reasons: [],
  ...changes,
});

describe('the runs of one promise cell', () => {
  test('are told by what was at stake and what was lost', () => {
    const [series] = seriesOf([
      outcome(1, { worth: worth({ exposure: 900, lost: 40 }) }),
      outcome(2, { worth: worth({ exposure: 30, acked: 60 }) }),
      outcome(3, { worth: worth({ exposure: 31 }) }),
    ]);
    expect(series).toMatchObject({
      promise: 'window',
      seeds: [1, 2, 3],
      held: 3,
      exposed: 3,
      exposureMin: 30,
      exposureMedian: 31,
      withLoss: 1,
      lostMax: 40,
      ackedMin: 60,
      violations: 0,
      doubts: [],
    });
  });

  test('do not hold where nothing was at stake, nor where a run came to nothing', () => {
    const [series] = seriesOf([
      outcome(1, { verdict: 'inconclusive', worth: worth({ exposure: 0 }), reasons: ['no stake'] }),
      outcome(2, { verdict: 'not-run', worth: null, reasons: ['the port was taken'] }),
      outcome(3, { verdict: 'fail', worth: worth({ lost: 7 }), reasons: ['7 lost-middle'] }),
      outcome(4),
    ]);
    expect(series).toMatchObject({ held: 1, exposed: 2, exposureMin: 0, violations: 1 });
    expect(series!.doubts.map(({ seed, reasons }) => [seed, ...reasons])).toEqual([
      [1, 'no stake'],
      [2, 'the port was taken'],
      [3, '7 lost-middle'],
    ]);
  });

  test('stand apart by form', () => {
    const series = seriesOf([outcome(1), outcome(1, { form: 'ext4' }), outcome(2)]);
    expect(series.map(({ form, seeds }) => [form, seeds])).toEqual([
      ['emulated', [1, 2]],
      ['ext4', [1]],
    ]);
  });
});

describe('the promise table', () => {
  const seeds = 10;
  const jobs = cellJobs({ from: 1, seeds, real: ['ext4', 'xfs'], only: [] });

  test('is run over every mode and fault that it has, as often as asked', () => {
    // Eight modes times four faults, but nobody is there whom three modes of one node are cut off from.
    expect(new Set(jobs.map(({ cell }) => cell)).size).toBe(8 * 4 - 3);
    const times = new Map<string, number>();
    for (const { cell, form } of jobs) {
      const kind = form === 'ext4' || form === 'xfs' ? 'real' : form;
      times.set(`${cell} ${kind}`, (times.get(`${cell} ${kind}`) ?? 0) + 1);
    }
    expect(new Set(times.values())).toEqual(new Set([seeds]));
  });

  test('has the power cut in every form, and other faults in none', () => {
    const formsOf = (part: string): string[] => [
      ...new Set(jobs.filter(({ cell }) => cell.includes(part)).map(({ form }) => form)),
    ];
    expect(formsOf('power-cut').sort()).toEqual(['emulated', 'ext4', 'xfs']);
    expect(formsOf('kill-leader')).toEqual(['plain']);
    expect(formsOf('cut-off-leader')).toEqual(['plain']);
  });

  test('is emulated alone where nothing can be mounted', () => {
    const forms = cellJobs({ from: 1, seeds: 3, real: [], only: [] }).map(({ form }) => form);
    expect(new Set(forms)).toEqual(new Set(['plain', 'emulated']));
  });
});
