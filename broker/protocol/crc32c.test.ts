import { crc32c as nativeCrc32c } from '@node-rs/crc32';
import { describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

const bytes = Buffer.from(Array.from({ length: 2100 }, (_, at) => (at * 7919 + (at >> 3)) & 0xff));

describe('crc32c', () => {
  test('gives the check value of the literature', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe306_9283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a91_36aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8_ab43);
  });

  test('agrees with the native one at every length up to 2000', () => {
    const differing: number[] = [];
    for (let length = 0; length <= 2000; length++) {
      const part = bytes.subarray(0, length);
      if (crc32c(part) !== nativeCrc32c(part)) differing.push(length);
    }
    expect(differing).toEqual([]);
  });

  test('continues from an earlier result wherever the bytes are cut', () => {
    const whole = bytes.subarray(0, 1300);
    const differing: number[] = [];
    for (let cut = 0; cut <= whole.length; cut++) {
      const split = crc32c(whole.subarray(cut), crc32c(whole.subarray(0, cut)));
      if (split !== crc32c(whole)) differing.push(cut);
    }
    expect(differing).toEqual([]);
  });

  test('takes a range of the bytes as it takes a slice', () => {
    for (const [from, to] of [
      [0, 0],
      [3, 14],
      [5, 600],
      [36, 2100],
    ] as const) {
      expect(crc32c(bytes, 0, from, to)).toBe(crc32c(bytes.subarray(from, to)));
    }
  });
});
