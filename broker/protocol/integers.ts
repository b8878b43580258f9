import { assert } from '../assert.ts';

/**
 * Little-endian integers in bytes. Buffer's own methods check each offset and add the bytes up as
 * doubles, at 15 ns a read; a produced batch takes some forty reads and writes on its way. Here
 * one comparison tells that the bytes are there.
 */

const two32 = 0x1_0000_0000;
/** Beyond it a number does not hold each integer. */
const highEnd = 0x20_0000;

export function readU32(bytes: Uint8Array, at: number): number {
  assert(at >= 0 && at + 4 <= bytes.length, 'an integer lies beyond the end of its bytes');
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

/** `value` is an integer from 0 to 2^32 - 1. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  assert(at >= 0 && at + 4 <= bytes.length, 'an integer lies beyond the end of its bytes');
  assert(value >>> 0 === value, 'a 32-bit field does not hold the number');
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Reads a 64-bit integer as a number; asserts that it is below 2^53. */
export function readU64(bytes: Uint8Array, at: number): number {
  const high = readU32(bytes, at + 4);
  assert(high < highEnd, 'a 64-bit field is beyond 2^53');
  return high * two32 + readU32(bytes, at);
}

/** `value` is an integer from 0 to 2^53 - 1. */
export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / two32);
  assert(high < highEnd, 'a 64-bit field is beyond 2^53');
  // Not `%`, which is slow for numbers that are no small integers.
  writeU32(bytes, at, value - high * two32);
  writeU32(bytes, at + 4, high);
}
