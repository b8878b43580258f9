/** Sequences count records of one producer epoch, modulo 2^31. */
export const sequenceModulus = 0x8000_0000;

export function addSequence(sequence: number, count: number): number {
  return (sequence + count) % sequenceModulus;
}

/** How far `to` is ahead of `from`, in -2^30 .. 2^30 - 1: the shorter way round. */
export function sequenceDistance(from: number, to: number): number {
  const ahead = (((to - from) % sequenceModulus) + sequenceModulus) % sequenceModulus;
  return ahead < sequenceModulus / 2 ? ahead : ahead - sequenceModulus;
}
