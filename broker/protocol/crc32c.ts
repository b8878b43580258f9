import { crc32c as nativeCrc32c } from '@node-rs/crc32';

const nativeFrom = 512;
const tables = makeTables();

/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) of the bytes `from` up to `to`. `previous`
 * continues an earlier result, so that crc32c(b, crc32c(a)) equals crc32c(a followed by b). Short
 * inputs are done here, eight tables at a time (Kounavis and Berry, 2005): below about 512 bytes
 * the call into native code costs more than it saves.
 */
export function crc32c(bytes: Uint8Array, previous = 0, from = 0, to = bytes.length): number {
  if (to - from >= nativeFrom) return nativeCrc32c(bytes.subarray(from, to) as Buffer, previous);
  let crc = ~previous;
  let at = from;
  const eights = to - ((to - from) % 8);
  while (at < eights) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      tables[1792 + (crc & 0xff)]! ^
      tables[1536 + ((crc >>> 8) & 0xff)]! ^
      tables[1280 + ((crc >>> 16) & 0xff)]! ^
      tables[1024 + (crc >>> 24)]! ^
      tables[768 + bytes[at + 4]!]! ^
      tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
    at += 8;
  }
  for (; at < to; at++) crc = tables[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array {
  const all = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
    all[byte] = crc;
  }
  for (let table = 1; table < 8; table++) {
    for (let byte = 0; byte < 256; byte++) {
      const crc = all[(table - 1) * 256 + byte]!;
      all[table * 256 + byte] = (crc >>> 8) ^ all[crc & 0xff]!;
    }
  }
  return all;
}
