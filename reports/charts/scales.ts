import type { Layer } from './chart.ts';

const oneTwoFive = [1, 2, 5];

/** A logarithmic y axis for microseconds that covers the values; zeros and nulls are left out. */
export function latencyScale(values: readonly (number | null)[]): {
  readonly domain: [number, number];
  readonly ticks: number[];
} {
  const positive = values.filter((value): value is number => value !== null && value > 0);
  let low = Infinity;
  let high = 0;
  for (const value of positive) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (positive.length === 0) [low, high] = [1000, 10_000];
  const from = stepBelow(low);
  const to = stepAbove(Math.max(high, from * 10));
  const decades = Math.log10(to / from);
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    for (const factor of decades <= 2.4 ? oneTwoFive : [1]) {
      const tick = factor * 10 ** power;
      if (tick >= from * 0.999 && tick <= to * 1.001) ticks.push(tick);
    }
  }
  return { domain: [from, to], ticks };
}

function stepBelow(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (oneTwoFive.findLast((factor) => factor * power <= value * 1.0001) ?? 1) * power;
}

function stepAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (oneTwoFive.find((factor) => factor * power >= value * 0.9999) ?? 10) * power;
}

export function latencyChannel(field: string, scale: ReturnType<typeof latencyScale>): Layer {
  return {
    field,
    type: 'quantitative',
    scale: { type: 'log', domain: scale.domain, nice: false, zero: false, clamp: true },
    axis: {
      title: null,
      values: scale.ticks,
      domain: false,
      ticks: false,
      labelExpr:
        "datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + ' s' : datum.value >= 1e3 ? format(datum.value / 1e3, '~g') + ' ms' : format(datum.value, '~g') + ' µs'",
    },
  };
}

/** A linear y axis from zero; `most` may be 0 when nothing happened. */
export function amountChannel(field: string, most: number): Layer {
  return {
    field,
    type: 'quantitative',
    scale: { domain: [0, most > 0 ? most * 1.06 : 1], nice: false, zero: true },
    axis: {
      title: null,
      tickCount: 5,
      domain: false,
      ticks: false,
      labelExpr: "datum.value == 0 ? '0' : format(datum.value, '~s')",
      ...(most > 0 ? {} : { values: [0] }),
    },
  };
}
