import type { PairedDifference } from '../record/suite.ts';

/** One quantity, measured twice under conditions that are as alike as can be. */
export interface Pair {
  readonly from: number;
  readonly to: number;
}

/**
 * The mean difference of pairs and its 95 % interval by Student's t, which takes the differences of
 * the pairs as drawn from one bell curve. What both of a pair share (a machine that is slow for a
 * while) is no part of their difference. Null where there is no pair.
 */
export function pairedDifference(pairs: readonly Pair[]): PairedDifference | null {
  if (pairs.length === 0) return null;
  const deltas = pairs.map(({ from, to }) => to - from);
  const delta = mean(deltas);
  const means = { from: mean(pairs.map(({ from }) => from)), to: mean(pairs.map(({ to }) => to)) };
  const about = { pairs: pairs.length, ...means, delta };
  if (pairs.length === 1) return { ...about, low: null, high: null };
  const freedom = pairs.length - 1;
  const variance = deltas.reduce((sum, one) => sum + (one - delta) ** 2, 0) / freedom;
  const margin = student(freedom) * Math.sqrt(variance / pairs.length);
  return { ...about, low: delta - margin, high: delta + margin };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The 97.5 % quantile of Student's t, by degrees of freedom from 1. */
const students = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788,
  2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086,
];

/** Beyond the table by its expansion around the normal quantile, which is right to four digits. */
function student(freedom: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / (4 * freedom);
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
  return students[freedom - 1] ?? z + first + second;
}
