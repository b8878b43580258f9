import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { keyOf, PayloadReader, PayloadWriter } from './payload.ts';

const run = 'run-1';

describe('a payload', () => {
  test('tells sequence, key and due time of any message at any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 64, max: 3000 }),
        fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.double({ min: 0, max: 1e17, noNaN: true }),
        (sizeBytes, sequence, key, intended) => {
          const writer = new PayloadWriter({ run, producer: 77, sizeBytes, seed: 5 });
          const slot = writer.slot();
          writer.write(slot, 1, 2, 3);
          writer.write(slot, sequence, key, intended);
          const reader = new PayloadReader(run);
          reader.read(Buffer.concat([Buffer.from([1, 2, 3]), slot.payload]).subarray(3));
          expect(slot.payload.length).toBe(sizeBytes);
          expect(reader).toMatchObject({
            producer: 77,
            sequence,
            key,
            intended,
            intact: true,
            foreign: false,
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  test('with any one changed bit, or cut short or grown, is not intact', () => {
    const writer = new PayloadWriter({ run, producer: 1, sizeBytes: 80, seed: 5 });
    const slot = writer.slot();
    writer.write(slot, 4, 5, 6);
    const reader = new PayloadReader(run);
    for (let bit = 0; bit < 80 * 8; bit++) {
      const changed = Buffer.from(slot.payload);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      reader.read(changed);
      expect(reader.intact).toBe(false);
      expect(Number.isSafeInteger(reader.sequence) && Number.isFinite(reader.intended)).toBe(true);
    }
    for (const other of [
      slot.payload.subarray(0, 79),
      Buffer.concat([slot.payload, Buffer.of(0)]),
      Buffer.alloc(0),
    ]) {
      reader.read(other);
      expect(reader.intact).toBe(false);
    }
  });

  test('of another run is foreign', () => {
    const slot = new PayloadWriter({ run: 'another', producer: 1, sizeBytes: 64, seed: 5 }).slot();
    const writer = new PayloadWriter({ run: 'another', producer: 1, sizeBytes: 64, seed: 5 });
    writer.write(slot, 0, 0, 0);
    const reader = new PayloadReader(run);
    reader.read(slot.payload);
    expect(reader).toMatchObject({ intact: true, foreign: true });
  });
});

describe('a key', () => {
  test('is a function of seed and sequence, and evenly spread', () => {
    const counts = Array.from({ length: 16 }, () => 0);
    for (let sequence = 0; sequence < 16_000; sequence++) {
      const key = keyOf(9, sequence, 16);
      expect(key).toBe(keyOf(9, sequence, 16));
      counts[key]!++;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(Array.from({ length: 50 }, (_, n) => keyOf(1, n, 1000))).not.toEqual(
      Array.from({ length: 50 }, (_, n) => keyOf(2, n, 1000)),
    );
  });
});
