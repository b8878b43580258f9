import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readU32, readU64, writeU32, writeU64 } from './integers.ts';

const at = fc.nat({ max: 5 });

describe('integers in bytes', () => {
  test('of 32 bits are those of Buffer, and touch nothing around them', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xffff_ffff }), at, (value, from) => {
        const bytes = Buffer.alloc(9, 0xee);
        const expected = Buffer.alloc(9, 0xee);
        expected.writeUInt32LE(value, from);
        writeU32(bytes, from, value);
        expect(bytes).toEqual(expected);
        expect(readU32(bytes, from)).toBe(value);
      }),
    );
  });

  test('of 64 bits are those of Buffer, and touch nothing around them', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), at, (value, from) => {
        const bytes = Buffer.alloc(13, 0xee);
        const expected = Buffer.alloc(13, 0xee);
        expected.writeBigUInt64LE(BigInt(value), from);
        writeU64(bytes, from, value);
        expect(bytes).toEqual(expected);
        expect(readU64(bytes, from)).toBe(value);
      }),
    );
  });

  test('are refused beyond the end of the bytes, before anything is written', () => {
    const bytes = Buffer.alloc(8, 0xee);
    expect(() => readU32(bytes, 5)).toThrow('beyond the end');
    expect(() => readU64(bytes, 1)).toThrow('beyond the end');
    expect(() => readU32(bytes, -1)).toThrow('beyond the end');
    expect(() => writeU32(bytes, 5, 0)).toThrow('beyond the end');
    expect(bytes).toEqual(Buffer.alloc(8, 0xee));
  });

  test('are refused where the field does not hold them', () => {
    const bytes = Buffer.alloc(8, 0xff);
    expect(() => readU64(bytes, 0)).toThrow('2^53');
    for (const wrong of [-1, 0.5, 2 ** 32, Number.NaN])
      expect(() => writeU32(bytes, 0, wrong)).toThrow('does not hold');
    expect(() => writeU64(bytes, 0, 2 ** 53)).toThrow('2^53');
    expect(() => writeU64(bytes, 0, -1)).toThrow('does not hold');
  });
});
