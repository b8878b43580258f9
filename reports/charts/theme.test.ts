import { describe, expect, test } from 'vitest';
import { heatRoles, inLight, palette, strokes, type Role } from './theme.ts';

function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r, g, b] = channels.map((c) =>
    c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4,
  ) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(role: Role, theme: 'light' | 'dark', against: Role = 'paper'): number {
  const [low, high] = [palette[role][theme], palette[against][theme]]
    .map(luminance)
    .sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const texts: readonly Role[] = ['ink', 'muted', 'accent', 'good', 'bad', 'doubt', 'fault'];
const graphics: readonly Role[] = [
  'offered',
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'served',
];

describe.each(['light', 'dark'] as const)('the %s palette', (theme) => {
  test.each(texts)('%s is readable as text on paper and on shade', (role) => {
    expect(contrast(role, theme)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(role, theme, 'shade')).toBeGreaterThanOrEqual(4.5);
  });

  test.each(graphics)('%s stands out as a line', (role) => {
    expect(contrast(role, theme)).toBeGreaterThanOrEqual(3);
  });

  test('the heat map rises from near paper to its opposite, step by step', () => {
    const steps = heatRoles.map((role) => contrast(role, theme));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeGreaterThan(10);
  });
});

describe('roles', () => {
  test('no two runs share colour and dash', () => {
    expect(new Set(strokes.map(({ dash }) => dash.join())).size).toBe(strokes.length);
    expect(new Set(strokes.map(({ role }) => role)).size).toBe(strokes.length);
  });

  test('become light colours for readers without variables, and unknown ones stay', () => {
    expect(inLight('a var(--ink) b var(--nothing)')).toBe(
      `a ${palette.ink.light} b var(--nothing)`,
    );
  });
});
