import { BrokerError } from '../errors.ts';
import type { ReplicaLog } from '../server/replica-log.ts';
import type { Replica } from '../server/replica.ts';
import { decodeValue } from './machine.ts';
import type { StoredValue } from './machine.ts';

/** Reads the log from its start to its end; says what differs from `values`, if anything. */
export async function readAll(
  { log, commitIndex: indexMax }: Replica,
  values: readonly StoredValue[],
): Promise<string | undefined> {
  let wanted = values.filter(({ offset }) => offset >= log.startOffset);
  let offset = log.startOffset;
  for (let at = 0; at < wanted.length;) {
    if (offset < log.startOffset) {
      // Retention has overtaken us.
      wanted = wanted.filter((value) => value.offset >= log.startOffset);
      offset = log.startOffset;
      at = 0;
      continue;
    }
    const bytes = await readFrom(log, { offset, indexMax });
    if (bytes === undefined) continue;
    if (bytes.length === 0) return `it ends at offset ${offset}`;
    for (let from = 0; from < bytes.length;) {
      const batch = bytes.subarray(from, from + bytes.readUInt32LE(from));
      from += batch.length;
      const stored = decodeValue(batch);
      const expected = wanted[at++];
      if (stored.offset !== expected?.offset || stored.value !== expected.value) {
        return `offset ${stored.offset} holds value ${stored.value}`;
      }
      offset = stored.offset + batch.readUInt32LE(56);
    }
  }
  return undefined;
}

async function readFrom(
  log: ReplicaLog,
  from: { readonly offset: number; readonly indexMax: number },
): Promise<Buffer | undefined> {
  try {
    return await log.readRecords({ ...from, bytesMax: 16_384 });
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'offset-out-of-range') return undefined;
    throw error;
  }
}
