import { describe, expect, test } from 'vitest';
import { oneHour, shortRun } from '../testing/records.ts';
import { foldHeatMap, foldSeries } from './fold.ts';

const { series, heatMap } = oneHour();

describe('folding a long run', () => {
  test('leaves a short one as it is', () => {
    const { series: short } = shortRun();
    expect(foldSeries(short)).toEqual(short);
  });

  test('keeps every message and the whole span', () => {
    const folded = foldSeries(series);
    const total = (of: typeof series): number => of.reduce((sum, { acked }) => sum + acked, 0);
    expect(folded).toHaveLength(600);
    expect(total(folded)).toBe(total(series));
    expect(folded.reduce((sum, { widthMs }) => sum + widthMs, 0)).toBe(3_600_000);
  });

  test('keeps the worst quantile, and none where there was none', () => {
    const folded = foldSeries(series);
    expect(folded[50]!.responseP99).toBe(
      Math.max(...series.slice(300, 306).map(({ responseP99 }) => responseP99 ?? 0)),
    );
    const nothing = series.map((second) => ({ ...second, responseP99: null }));
    expect(foldSeries(nothing).every(({ responseP99 }) => responseP99 === null)).toBe(true);
  });

  test('keeps every response of the heat map', () => {
    const folded = foldHeatMap(heatMap);
    const total = (of: typeof heatMap): number =>
      of.reduce((sum, { cells }) => sum + cells.reduce((own, [, n]) => own + n, 0), 0);
    expect(folded.length).toBeLessThanOrEqual(160);
    expect(total(folded)).toBe(total(heatMap));
  });
});
