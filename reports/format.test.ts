import { describe, expect, test } from 'vitest';
import {
  bytes,
  count,
  counted,
  listed,
  micros,
  millis,
  moment,
  percent,
  samplesNeeded,
  share,
  significant,
  supported,
} from './format.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('figures as text', () => {
  test('counts keep all their digits and separate thousands', () => {
    expect([0, 999, 1000, 203_114, 14_400_000, -1234].map(count)).toEqual([
      '0',
      '999',
      '1,000',
      '203,114',
      '14,400,000',
      '-1,234',
    ]);
    expect(counted(1, 'fault')).toBe('1 fault');
    expect(counted(2, 'delivery', 'deliveries')).toBe('2 deliveries');
  });

  test('measured values have three significant digits and no exponent', () => {
    expect([0, 0.00042, 0.0999, 1.234, 12.34, 123.4, 12_345.6].map(significant)).toEqual([
      '0',
      '0.000420',
      '0.0999',
      '1.23',
      '12.3',
      '123',
      '12,346',
    ]);
  });

  test('a latency changes its unit before it has four digits', () => {
    expect(
      [null, 0.4, 870, 999.4, 999.6, 1310, 999_499, 999_501, 2.87e6, 125e6, 7.5e9]
        .map(micros)
        .map(plain),
    ).toEqual([
      '–',
      '0.400 µs',
      '870 µs',
      '999 µs',
      '1.00 ms',
      '1.31 ms',
      '999 ms',
      '1.00 s',
      '2.87 s',
      '2 min 5 s',
      '2 h 5 min',
    ]);
    expect(plain(millis(0))).toBe('0 ms');
    expect(plain(millis(0.046))).toBe('46.0 µs');
  });

  test('a moment of a run reads as seconds, then as a clock', () => {
    expect([null, -1500, 0, 20_004, 119_949, 120_000, 3_725_000].map(moment).map(plain)).toEqual([
      '–',
      '-1.5 s',
      '0.0 s',
      '20.0 s',
      '119.9 s',
      '2:00',
      '1:02:05',
    ]);
  });

  test('a share is 100 % only of all, and 0 % only of none', () => {
    expect(plain(share(10, 10))).toBe('100 %');
    expect(plain(share(999_999, 1_000_000))).toBe('> 99.9 %');
    expect(plain(share(998, 1000))).toBe('99.8 %');
    expect(plain(share(0, 10))).toBe('0 %');
    expect(plain(share(1, 1e12))).toBe('< 0.000001 %');
    expect(plain(percent(0.241))).toBe('24.1 %');
  });

  test('sizes are in powers of 1,024', () => {
    expect([100, 1024, 65_536, 8_323_072_000].map(bytes).map(plain)).toEqual([
      '100 B',
      '1 KiB',
      '64 KiB',
      '7.75 GiB',
    ]);
  });

  test('lists read as a sentence does', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});

describe('a quantile', () => {
  test('needs as many samples as its 95 % upper bound does', () => {
    expect([0.5, 0.9, 0.99, 0.999, 0.9999].map(samplesNeeded)).toEqual([5, 29, 299, 2995, 29_956]);
  });

  test('is printed from exactly that many samples on', () => {
    expect(plain(supported(1310, 0.99, 299))).toBe('1.31 ms');
    expect(plain(supported(1310, 0.99, 298))).toBe('n < 299');
    expect(supported(null, 0.99, 0)).toBe('no data');
  });
});
