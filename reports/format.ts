import { count } from '../harness/record/count.ts';

export { count, counted } from '../harness/record/count.ts';

/**
 * Figures as text: always with a unit, thousands separated by a comma, three significant digits
 * for what was measured, all digits for what was counted. Not by the locale of the machine, since
 * the same record must give the same bytes everywhere.
 */
export const none = '–';

/** Between a figure and its unit, so that no line breaks there. */
const gap = '\u00a0';

/** Three significant digits, never an exponent. */
export function significant(value: number): string {
  if (value === 0) return '0';
  // 0.9996 must have the digits of the 1.00 that it is shown as.
  const size = Math.abs(Number(value.toPrecision(3)));
  if (size >= 100) return count(value);
  const digits = size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  return value.toFixed(digits);
}

/** Microseconds to `870 µs`, `1.31 ms`, `2.87 s`, `12 min 5 s`. */
export function micros(value: number | null): string {
  if (value === null) return none;
  if (Math.abs(value) < 999.5) return `${significant(value)}${gap}µs`;
  return millis(value / 1000);
}

export function millis(value: number | null): string {
  if (value === null) return none;
  const size = Math.abs(value);
  if (size !== 0 && size < 0.9995) return `${significant(value * 1000)}${gap}µs`;
  if (size < 999.5) return `${significant(value)}${gap}ms`;
  if (size < 119_950) return `${significant(value / 1000)}${gap}s`;
  const seconds = Math.round(size / 1000);
  const sign = value < 0 ? '-' : '';
  if (seconds < 7200) return `${sign}${Math.floor(seconds / 60)}${gap}min ${seconds % 60}${gap}s`;
  return `${sign}${Math.floor(seconds / 3600)}${gap}h ${Math.floor((seconds % 3600) / 60)}${gap}min`;
}

/** A time of the run: `20.0 s`, `12:05` from two minutes on, `1:02:05` from an hour on. */
export function moment(atMs: number | null): string {
  if (atMs === null) return none;
  if (Math.abs(atMs) < 119_950) return `${(atMs / 1000).toFixed(1)}${gap}s`;
  const seconds = Math.round(Math.abs(atMs) / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const clock =
    hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  return (atMs < 0 ? '-' : '') + clock;
}

export function perSecond(value: number): string {
  return `${significant(value)}/s`;
}

export function percent(fraction: number): string {
  return `${significant(fraction * 100)}${gap}%`;
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${Number.isInteger(size) ? count(size) : significant(size)}${gap}${units[unit]}`;
}

/** A share of a whole that says 100 % only of all, and 0 % only of none. */
export function share(part: number, whole: number): string {
  const text = percent(part / whole);
  if (part < whole && Number.parseFloat(text) >= 100) return `>${gap}99.9${gap}%`;
  return part > 0 && Number.parseFloat(text) === 0 ? `<${gap}0.000001${gap}%` : text;
}

/** `2026-11-22 08:00:00 UTC`. */
export function dateTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/**
 * The fewest samples with which a quantile's 95 % upper bound exists: the chance that all of them
 * lie below it is `quantile ** n`.
 */
export function samplesNeeded(quantile: number): number {
  return Math.ceil(Math.log(0.05) / Math.log(quantile));
}

/** A quantile in microseconds, or how many samples it would have needed. */
export function supported(value: number | null, quantile: number, samples: number): string {
  if (samples === 0) return 'no data';
  const needed = samplesNeeded(quantile);
  return samples < needed ? `n${gap}<${gap}${count(needed)}` : micros(value);
}
