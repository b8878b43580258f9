import { expect, test } from 'vitest';
import type { CellSeries } from './cells/cell-series.ts';
import { passWithTwoFaults } from '../../reports/testing/records.ts';
import { natsSeriesOf } from './nats.ts';
import {
  markdown,
  withCellBatch,
  withCleanSeries,
  withEngineBatch,
  withNatsBatch,
  type CellBatch,
  type CleanRun,
  type CleanSeries,
  type EngineBatch,
  type NatsBatch,
} from './soak-record.ts';

function run(scenario: string, seed: number): CleanRun {
  const found = { acked: 1000, faultsConfirmed: 1, rtoMs: 12, reasons: [] };
  return { scenario, seed, verdict: 'pass', ...found };
}

function series(commit: string, ...runs: CleanRun[]): CleanSeries {
  return { commit, startedAt: '2026-01-01T00:00:00Z', machine: '2 cores', runs };
}

test('clean runs take the place of earlier ones of their scenarios, and of no others', () => {
  const [tour, steady] = [run('tour', 1), run('steady', 2)];
  const earlier = [series('a', tour, steady)];
  const later = withCleanSeries(earlier, series('b', run('steady', 9)));
  expect(later).toEqual([series('a', tour), series('b', run('steady', 9))]);
  const last = withCleanSeries(later, series('c', run('tour', 3)));
  expect(last).toEqual([series('b', run('steady', 9)), series('c', run('tour', 3))]);
});

test('the page says of each series of which commit it is', () => {
  const page = markdown({ clean: [series('a', run('tour', 1)), series('b', run('steady', 2))] });
  expect(page.match(/Clean runs: 1 of 1 passed\n\nCommit [ab],/g)).toHaveLength(2);
});

test('the page of a soak sets the thousands of all its counts apart', () => {
  const many = { ...run('tour', 1), acked: 172_000, faultsConfirmed: 2, rtoMs: 2992.4 };
  const few = { ...run('tour', 1), acked: 900, faultsConfirmed: 0, rtoMs: null };
  const page = markdown({ clean: [series('a', many, few)] });
  expect(page).toContain('| tour | 1 | pass | 172,000 | 2 | 2,992 |  |');
  expect(page).toContain('| tour | 1 | pass | 900 | 0 | - |  |');
});

test('cells take the place of earlier ones in the same form, and of no others', () => {
  const series = (cell: string, form: CellSeries['form'], held: number): CellSeries => ({
    cell,
    form,
    promise: 'none',
    seeds: [1, 2],
    held,
    exposed: null,
    exposureMin: null,
    exposureMedian: null,
    withLoss: 0,
    lostMax: 0,
    ackedMin: 100,
    violations: 0,
    doubts: [],
  });
  const batch = (commit: string, ...all: CellSeries[]): CellBatch => {
    const made = { commit, startedAt: '2026-01-01T00:00:00Z', machine: '2 cores' };
    return { ...made, jobs: 1, seconds: 10, lacking: [], series: all };
  };
  const earlier = [batch('a', series('x', 'ext4', 1), series('x', 'emulated', 2))];
  const later = withCellBatch(earlier, batch('b', series('x', 'ext4', 2)));
  expect(later).toEqual([
    batch('a', series('x', 'emulated', 2)),
    batch('b', series('x', 'ext4', 2)),
  ]);
  expect(withCellBatch(later, batch('c', series('x', 'emulated', 2)))).toHaveLength(2);
});

test('runs on NATS take the place of earlier ones of their command and version alone', () => {
  const batch = (commit: string, command: string, version: string): NatsBatch => {
    const series = [{ ...natsSeriesOf(command, [passWithTwoFaults()]), version }];
    return {
      commit,
      startedAt: '2026-01-01T00:00:00Z',
      machine: '2 cores',
      lacking: null,
      series,
    };
  };
  const earlier = [batch('a', 'kill', '2.12.1'), batch('b', 'cut', '2.12.1')];
  const later = withNatsBatch(earlier, batch('c', 'kill', '2.15.3'));
  expect(later).toHaveLength(3);
  const again = batch('d', 'kill', '2.12.1');
  expect(withNatsBatch(later, again)).toEqual([...later.slice(1), again]);
});

test('the page names what was left out of the runs on NATS, and why', () => {
  const made = { commit: 'a', startedAt: '2026-01-01T00:00:00Z', machine: '2 cores' };
  const series = [natsSeriesOf('run kill', [passWithTwoFaults()])];
  const whole: NatsBatch = { ...made, lacking: null, series };
  expect(markdown({ nats: [whole] })).not.toContain('Left out');
  const leftOut = { commands: ['run cut', 'run power-cut'], reason: 'there is no Docker' };
  expect(markdown({ nats: [{ ...whole, leftOut }] })).toContain(
    '\n\nLeft out: there is no Docker.\n\n- `run cut`\n- `run power-cut`\n\n| command |',
  );
});

test('faults of the engine take the place of earlier ones of their kind alone', () => {
  const batch = (
    commit: string,
    ...kinds: EngineBatch['kinds'][number]['kind'][]
  ): EngineBatch => ({
    commit,
    startedAt: '2026-01-01T00:00:00Z',
    machine: '2 cores',
    lacking: null,
    kinds: kinds.map((kind) => ({
      kind,
      rounds: 10,
      confirmed: 10,
      effectMsMax: 20,
      doubts: [],
      acked: 1000,
      lost: 0,
      left: [],
      held: true,
    })),
  });
  const later = withEngineBatch([batch('a', 'kill', 'pause')], batch('b', 'pause'));
  expect(later).toEqual([batch('a', 'kill'), batch('b', 'pause')]);
});
