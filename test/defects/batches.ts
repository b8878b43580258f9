/** The batches of a fetch answer, one slice each. */
export function batchesOf(records: Buffer): Buffer[] {
  const batches: Buffer[] = [];
  for (let at = 0; at < records.length; at += records.readUInt32LE(at)) {
    batches.push(records.subarray(at, at + records.readUInt32LE(at)));
  }
  return batches;
}
