import { readU64, writeU64 } from '../protocol/integers.ts';

/** A snapshot on its way to another replica: `u64 nextOffset`, then the machine's own bytes. */
export function packSnapshot(nextOffset: number, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  writeU64(head, 0, nextOffset);
  return Buffer.concat([head, data]);
}

export function unpackSnapshot(bytes: Buffer): { nextOffset: number; data: Buffer } {
  return { nextOffset: readU64(bytes, 0), data: bytes.subarray(8) };
}
