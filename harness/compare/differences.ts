import type { ModeDifference, SuiteCell, SuiteMode, SuiteRecord } from '../record/suite.ts';
import { pairedDifference } from './paired.ts';

type Price = NonNullable<SuiteCell['price']>;
type Rate = ModeDifference['rates'][number];

interface PricePair {
  readonly from: Price;
  readonly to: Price;
}

/**
 * How the prices of modes differ that differ in one word: the same durability on other brokers, or
 * on other clusters. Each mode is compared with the first one that is like it in all other words.
 */
export function differencesOf({
  modes,
  cells,
}: Pick<SuiteRecord, 'modes' | 'cells'>): ModeDifference[] {
  return (['target', 'cluster'] as const).flatMap((word) =>
    modes.flatMap((to) => {
      const from = modes.find((mode) => likeness(mode, word) === likeness(to, word));
      if (from === undefined || from === to) return [];
      return [{ word, from: from.id, to: to.id, rates: ratesOf(cells, from, to) }];
    }),
  );
}

/** All that two modes have to share, as text. */
function likeness(mode: SuiteMode, word: ModeDifference['word']): string {
  const { flush, replication, nodes, flushIntervalMs, axes, target, cluster } = mode;
  const other = word === 'target' ? cluster : target;
  return JSON.stringify([
    flush,
    replication,
    nodes,
    flushIntervalMs,
    axes.batch ?? null,
    axes.inFlight ?? null,
    other,
  ]);
}

function ratesOf(cells: readonly SuiteCell[], from: SuiteMode, to: SuiteMode): Rate[] {
  const pairs = cells.flatMap((cell): PricePair[] => {
    if (cell.mode !== from.id || cell.price === null) return [];
    const { repeat, price } = cell;
    const partner = cells.find(
      (one) =>
        one.mode === to.id && one.repeat === repeat && one.price?.targetRate === price.targetRate,
    );
    return partner?.price ? [{ from: price, to: partner.price }] : [];
  });
  const rates = [...new Set(pairs.map((pair) => pair.from.targetRate))].sort((a, b) => a - b);
  return rates.map((rate) => {
    const found = pairs.filter((pair) => pair.from.targetRate === rate);
    const both = found.filter((pair) => pair.from.sustained && pair.to.sustained);
    return {
      rate,
      pairs: found.length,
      sustained: {
        from: found.filter((pair) => pair.from.sustained).length,
        to: found.filter((pair) => pair.to.sustained).length,
      },
      doubtful: both.filter((pair) => pair.from.doubtful.length + pair.to.doubtful.length > 0)
        .length,
      service: quantilesOf(both, 'service'),
      response: quantilesOf(both, 'response'),
      endToEnd: quantilesOf(both, 'endToEnd'),
    };
  });
}

function quantilesOf(
  pairs: readonly PricePair[],
  latency: 'service' | 'response' | 'endToEnd',
): Rate['service'] {
  const differenceAt = (quantile: 'p50' | 'p99'): Rate['service']['p50'] =>
    pairedDifference(
      pairs.flatMap((pair) => {
        const [from, to] = [pair.from[latency][quantile], pair.to[latency][quantile]];
        return from === null || to === null ? [] : [{ from, to }];
      }),
    );
  return { p50: differenceAt('p50'), p99: differenceAt('p99') };
}
