/**
 * Where a key goes: 32-bit FNV-1a over its bytes (Fowler, Noll, Vo; offset basis 2166136261, prime
 * 16777619), folded once (`hash ^ hash >>> 16`) and taken modulo the number of partitions. Part of
 * the contract: every client must place a key alike, or per-key order is lost.
 */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key[at]!, 0x0100_0193);
  return ((hash ^ (hash >>> 16)) >>> 0) % partitions;
}
