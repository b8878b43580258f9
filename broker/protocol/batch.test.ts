import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignBatch, BatchKind, batchHeaderBytes, bodyIntact } from './batch.ts';
import { checkProducedBatch, createBatch, headerIntact, readBatchHeader } from './batch.ts';

fc.configureGlobal({ seed: 7 });

const u53 = fc.maxSafeNat();
const u32 = fc.nat({ max: 0xffff_ffff });

const fields = fc.record({
  producerId: u53,
  epoch: u32,
  baseSequence: fc.nat({ max: 0x7fff_ffff }),
  timestampMs: u53,
});

describe('a batch', () => {
  test('gives back the fields it was made from', () => {
    fc.assert(
      fc.property(fields, u53, u53, u53, (sent, baseOffset, term, index) => {
        const batch = createBatch({ ...sent, kind: 1, recordCount: 2 }, Buffer.alloc(40, 7));
        assignBatch(batch, { baseOffset, term, index });
        expect(readBatchHeader(batch)).toEqual({
          ...sent,
          kind: BatchKind.records,
          recordCount: 2,
          length: batchHeaderBytes + 40,
          baseOffset,
          term,
          index,
        });
        expect(headerIntact(batch)).toBe(true);
        expect(bodyIntact(batch)).toBe(true);
        expect(checkProducedBatch(batch)).toBeUndefined();
      }),
    );
  });

  test('shows any single flipped bit in one of its two checksums', () => {
    const batch = createBatch({ kind: 1, recordCount: 1, producerId: 9 }, Buffer.alloc(24, 1));
    assignBatch(batch, { baseOffset: 5, term: 3, index: 8 });
    const unseen: number[] = [];
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const flipped = Buffer.from(batch);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      if (headerIntact(flipped) && bodyIntact(flipped)) unseen.push(bit);
    }
    expect(unseen).toEqual([]);
  });

  test('keeps the checksum of the sender when the broker fills its fields', () => {
    const batch = createBatch({ kind: 1, recordCount: 1 }, Buffer.alloc(8));
    expect(headerIntact(batch)).toBe(false);
    const crc = batch.readUInt32LE(32);
    assignBatch(batch, { baseOffset: 1, term: 1, index: 1 });
    expect(batch.readUInt32LE(32)).toBe(crc);
  });

  test('is refused from a producer when its shape is wrong', () => {
    const sound = createBatch({ kind: 1, recordCount: 1 }, Buffer.alloc(8));
    const spoilt = (at: number, value: number): Buffer => {
      const batch = Buffer.from(sound);
      batch[at] = value;
      return batch;
    };
    expect(checkProducedBatch(sound)).toBeUndefined();
    expect(checkProducedBatch(sound.subarray(0, 40))).toMatch('shorter');
    expect(checkProducedBatch(spoilt(0, 9))).toMatch('length');
    expect(checkProducedBatch(spoilt(36, 2))).toMatch('version');
    expect(checkProducedBatch(spoilt(37, 2))).toMatch('records only');
    expect(checkProducedBatch(spoilt(38, 1))).toMatch('attributes');
    expect(checkProducedBatch(spoilt(47, 1))).toMatch('producer id');
    expect(checkProducedBatch(spoilt(55, 0x80))).toMatch('sequence');
    expect(checkProducedBatch(spoilt(67, 1))).toMatch('timestamp');
    expect(checkProducedBatch(spoilt(56, 0))).toMatch('no records');
    expect(checkProducedBatch(spoilt(56, 2))).toMatch('more than it can hold');
  });
});
