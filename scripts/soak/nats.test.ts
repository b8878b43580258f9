import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../harness/record/record.ts';
import { failWithLostMessages, passWithTwoFaults } from '../../reports/testing/records.ts';
import { isHeld, natsPlans, natsSeriesOf } from './nats.ts';

test('a series counts what its runs found, and names those that did not pass', () => {
  const [clean, again, failed] = [
    passWithTwoFaults(1),
    passWithTwoFaults(2),
    failWithLostMessages(),
  ];
  const series = natsSeriesOf('run it', [clean, failed, again]);
  expect(series).toMatchObject({
    command: 'run it',
    version: clean.target.version,
    seeds: [1, failed.seed, 2],
    passed: 2,
    violations: 1,
    withLoss: 1,
    lostMax: failed.accounting.lost,
    lossWindowMsMax: failed.recovery.lossWindowMs,
    ackedMin: Math.min(clean.accounting.acked, failed.accounting.acked),
  });
  expect(series.doubts).toMatchObject([{ seed: failed.seed }]);
  expect(series.doubts[0]!.reasons.length).toBeGreaterThan(0);
});

test('of runs that lost nothing has no window', () => {
  expect(natsSeriesOf('run it', [passWithTwoFaults()])).toMatchObject({
    withLoss: 0,
    lostMax: 0,
    lossWindowMsMax: null,
  });
});

describe('a series holds', () => {
  const [pass, fail] = [passWithTwoFaults(), failWithLostMessages()];
  const seriesOf = (flush: 'sync' | 'async' | 'os', ...records: RunRecord[]) =>
    natsSeriesOf(
      'run it',
      records.map((record) => ({ ...record, durability: { ...record.durability, flush } })),
    );

  test('where each write is synced, when it found no violation', () => {
    expect(isHeld(seriesOf('sync', pass, pass))).toBe(true);
    expect(isHeld(seriesOf('sync', pass, fail))).toBe(false);
  });

  test('in another mode, whatever it found', () => {
    for (const flush of ['async', 'os'] as const)
      expect(isHeld(seriesOf(flush, pass, fail))).toBe(true);
  });

  test('in no mode when a run came to no verdict', () => {
    const open = { ...pass, verdict: 'inconclusive' } as const;
    for (const flush of ['sync', 'async'] as const)
      expect(isHeld(seriesOf(flush, pass, open))).toBe(false);
  });
});

describe('without an engine', () => {
  test('only what runs in containers is left out, and named', () => {
    const all = natsPlans(undefined, undefined);
    const { possible, leftOut } = natsPlans(undefined, 'no Docker');
    expect(all.leftOut).toBeUndefined();
    expect(leftOut?.reason).toBe('no Docker');
    expect(leftOut?.commands.every((command) => command.includes('--cluster docker'))).toBe(true);
    expect(leftOut?.commands[0]).toContain('npx ackworth run partition --target nats');
    expect(possible.map(({ scenario }) => scenario)).toContain('leader-kill');
    expect(possible.length + leftOut!.commands.length).toBe(all.possible.length);
  });

  test('nothing is left out of what runs on processes alone', () => {
    const { possible, leftOut } = natsPlans(['leader-kill'], 'no Docker');
    expect(possible).toHaveLength(1);
    expect(leftOut).toBeUndefined();
  });

  test('nothing is left of what runs in containers alone', () => {
    expect(natsPlans(['partition'], 'no Docker')).toMatchObject({
      possible: [],
      leftOut: { reason: 'no Docker' },
    });
  });
});
