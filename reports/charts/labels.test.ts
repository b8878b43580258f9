import { describe, expect, test } from 'vitest';
import { labelLayers, placeLabels } from './labels.ts';

const bounds = { width: 800, height: 250 };
const points = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    x: 400,
    y: 200 + index / 10,
    label: `mode ${index}`,
  }));

describe('names beside their points', () => {
  test('do not stand on each other, however close the points', () => {
    const placed = placeLabels(points(8), bounds);
    for (const [index, one] of placed.entries()) {
      for (const other of placed.slice(index + 1)) {
        if (one.align === other.align) expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(13);
      }
    }
  });

  test('are tied to their point by a line when they had to move away, and only then', () => {
    const placed = placeLabels(points(8), bounds);
    const tied = placed.filter(({ from }) => from !== undefined);
    expect(tied.length).toBeGreaterThan(0);
    for (const { from, y } of placed) expect(from !== undefined).toBe(Math.abs(y - 200) > 14.8);
    const [leaders] = labelLayers(placed) as {
      mark: { type: string };
      data: { values: unknown[] };
    }[];
    expect(leaders!.mark.type).toBe('rule');
    expect(leaders!.data.values).toHaveLength(tied.length);
    const alone = labelLayers(placeLabels(points(1), bounds)) as { mark: { type: string } }[];
    expect(alone.map(({ mark }) => mark.type)).toEqual(['text']);
  });
});
