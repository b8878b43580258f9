import type { SuiteRecord } from '../../harness/record/suite.ts';
import { textWidth, type Layer } from '../charts/chart.ts';
import { count } from '../format.ts';

/** Messages per second on a logarithmic axis whose ticks are the rates that were tried. */
export interface RateAxis {
  readonly domain: readonly [number, number];
  /** Pixels of the plot that it covers. */
  readonly width: number;
  readonly ticks: readonly number[];
}

export function rateAxisOf(suite: SuiteRecord, width: number): RateAxis {
  const prices = suite.cells.flatMap(({ price }) => price ?? []);
  const rates = [...new Set(prices.map(({ targetRate }) => targetRate))].sort((a, b) => a - b);
  const values = [...rates, ...prices.map(({ acked }) => acked)].filter((value) => value > 0);
  const [low, high] =
    values.length === 0 ? [1000, 10_000] : [Math.min(...values), Math.max(...values)];
  const axis = { domain: [low / 1.3, high * 1.3] as const, width, ticks: rates };
  let free = -Infinity;
  const ticks = rates.filter((rate) => {
    const half = textWidth(count(rate)) / 2 + 5;
    if (place(axis, rate) - half < free) return false;
    free = place(axis, rate) + half;
    return true;
  });
  return { ...axis, ticks };
}

/** In pixels. */
export function place({ domain: [low, high], width }: RateAxis, rate: number): number {
  return (width * Math.log(Math.max(low, rate) / low)) / Math.log(high / low);
}

export function rateChannel(field: string, axis: RateAxis, title: string): Layer {
  return {
    field,
    type: 'quantitative',
    scale: { type: 'log', domain: axis.domain, range: [0, axis.width], nice: false, zero: false },
    axis: {
      title,
      titleAnchor: 'start',
      titlePadding: 8,
      values: axis.ticks,
      grid: false,
      labelExpr: "format(datum.value, ',')",
    },
  };
}
