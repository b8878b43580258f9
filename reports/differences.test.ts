import { describe, expect, test } from 'vitest';
import type { ModeDifference, SuiteRecord } from '../harness/record/suite.ts';
import { differencesInWords } from './differences.ts';
import { suiteTwoClusters } from './testing/suites.ts';

type Rate = ModeDifference['rates'][number];

const text = (suite: SuiteRecord): string =>
  differencesInWords(suite).join(' ').replaceAll('\u00a0', ' ');

/** The suite with what was found at its rates. */
function withRates(change: (rate: Rate) => Partial<Rate>): SuiteRecord {
  const suite = suiteTwoClusters();
  const differences = suite.differences.map((difference) => ({
    ...difference,
    rates: difference.rates.map((rate) => ({ ...rate, ...change(rate) })),
  }));
  return { ...suite, differences };
}

describe('the difference of two clusters in words', () => {
  test('is the rate, the latency at the highest rate of both, and how sure that is', () => {
    expect(text(suiteTwoClusters())).toBe(
      'docker beside process, sync × quorum: highest sustained rate 2,000/s instead of 4,000/s ' +
        '(4,000/s in 0 against 3 of 3 runs); at 2,000/s, over 3 pairs of runs, service p50 +240 µs ' +
        '(+13.6 %), 95 % from +180 µs to +300 µs, service p99 +100 µs (+1.11 %), within the noise of ' +
        'the repeats: 95 % from -900 µs to +1.10 ms, response p99 +100 µs (+1.11 %), within the noise ' +
        'of the repeats: 95 % from -900 µs to +1.10 ms.',
    );
  });

  test('is no certain one where there is one pair, or figures that cannot be trusted', () => {
    const alone = withRates(({ service }) => ({
      pairs: 1,
      sustained: { from: 1, to: 1 },
      service: {
        ...service,
        p50: { pairs: 1, from: 100, to: 90, delta: -10, low: null, high: null },
      },
    }));
    expect(text(alone)).toContain(
      'over 1 pair of runs (one pair cannot tell a difference from chance',
    );
    expect(text(alone)).toMatch(/service p50 -10\.0 µs \(-10\.0 %\)\.$/);
    const doubtful = text(withRates(() => ({ doubtful: 2 })));
    expect(doubtful).toContain(
      '(+13.6 %), doubtful: 2 of the pairs have figures that cannot be trusted',
    );
    expect(doubtful).not.toContain('95 %');
  });

  test('tells of a quantile that only one of several pairs has', () => {
    const p50 = { pairs: 1, from: 100, to: 90, delta: -10, low: null, high: null };
    const thin = withRates(({ service }) => ({ service: { ...service, p50 } }));
    expect(text(thin)).toContain('service p50 -10.0 µs (-10.0 %), of one pair of 3, service p99');
  });

  test('compares no highest rates while some were run in one of them alone', () => {
    const suite = suiteTwoClusters();
    const missing = suite.cells.findIndex(({ kind }) => kind === 'price');
    const cells = suite.cells.map((cell, at) => (at === missing ? { ...cell, price: null } : cell));
    const told = text({ ...suite, cells });
    expect(told).toContain('highest sustained rates are not compared, since not every rate');
    expect(told).not.toContain('instead of');
  });

  test('is said to be none where both sustained the same rate', () => {
    const suite = suiteTwoClusters();
    const sustainedRates = suite.modes.map(({ id }) => ({ mode: id, rate: 4000 }));
    expect(text({ ...suite, sustainedRates })).toContain(
      ': highest sustained rate 4,000/s, the highest that was tried, the same; at 2,000/s',
    );
    const none = suite.modes.map(({ id }) => ({ mode: id, rate: null }));
    expect(text({ ...suite, sustainedRates: none })).toContain(
      ': neither sustained a rate that was tried',
    );
  });

  test('says so where nothing has been run yet', () => {
    const suite = suiteTwoClusters();
    const differences = suite.differences.map((difference) => ({ ...difference, rates: [] }));
    expect(text({ ...suite, cells: [], differences })).toBe(
      'docker beside process, sync × quorum: not compared yet.',
    );
  });
});
