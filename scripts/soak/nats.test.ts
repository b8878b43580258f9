import { expect, test } from 'vitest';
import { failWithLostMessages, passWithTwoFaults } from '../../reports/testing/records.ts';
import { natsSeriesOf } from './nats.ts';

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
