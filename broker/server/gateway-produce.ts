import { BrokerError } from '../errors.ts';
import type { BrokerErrorCode } from '../errors.ts';
import { BatchBuilder, identifyBatch } from '../client/batch-builder.ts';
import type { HostedPartition } from './hosted-partition.ts';
import { Fields } from './json-fields.ts';
import type { NodeParts } from './node-parts.ts';

interface Place {
  readonly topicId: number;
  readonly partition: number;
}

const recordsMax = 10_000;
const encodings = ['utf8', 'base64'] as const;

/**
 * `{"records": [{"key"?, "value", "encoding"?: "utf8" | "base64"}]}`, appended as one batch and
 * answered once acked as the topic's replication mode asks: `{"baseOffset", "term"}`. Not
 * idempotent: whoever sends again after a lost answer may append twice.
 */
export async function produceFromJson(
  parts: NodeParts,
  { topicId, partition }: Place,
  body: Buffer,
): Promise<{ readonly baseOffset: number; readonly term: number }> {
  const hosted = parts.replicas.partition(topicId, partition);
  if (hosted === undefined) throw parts.replicas.whyMissing(topicId, partition);
  const batch = batchFromJson(body, parts.env.clock.wallMs());
  if (batch.length > parts.limits.batchBytesMax) {
    throw new BrokerError('too-large', `a batch may have ${parts.limits.batchBytesMax} bytes`);
  }
  if (parts.budget.overloaded) {
    throw new BrokerError('overloaded', 'the node holds too many requests', { detail: 1 });
  }
  parts.budget.inFlightBytes += batch.length;
  try {
    return await append(parts, hosted, batch);
  } finally {
    parts.budget.inFlightBytes -= batch.length;
  }
}

function append(
  parts: NodeParts,
  hosted: HostedPartition,
  batch: Buffer,
): Promise<{ readonly baseOffset: number; readonly term: number }> {
  return new Promise((resolve, reject) => {
    const receiver = {
      begin: () => {},
      answerProduce: (_id: number, baseOffset: number, term: number) => {
        resolve({ baseOffset, term });
      },
      answerError: (_id: number, code: BrokerErrorCode, message: string, detail?: number) => {
        parts.metrics.countError(code);
        reject(new BrokerError(code, message, detail === undefined ? {} : { detail }));
      },
      finish: () => {},
    };
    const bytes = batch.length;
    hosted.produce(batch, { receiver, correlationId: 0, bytes, index: 0, term: 0, baseOffset: 0 });
  });
}

function batchFromJson(body: Buffer, timestampMs: number): Buffer {
  const records = Fields.parse(body).list('records');
  if (records.length === 0 || records.length > recordsMax) {
    throw new BrokerError('invalid-request', `"records" must hold 1 to ${recordsMax} records`);
  }
  const builder = new BatchBuilder(body.length);
  records.forEach((record, at) => {
    const fields = new Fields(record, `"records[${at}]"`);
    const encoding = fields.choice('encoding', encodings, 'utf8');
    const key = fields.optionalString('key');
    const value = Buffer.from(fields.string('value'), encoding);
    builder.append(key === undefined ? undefined : Buffer.from(key, encoding), value);
  });
  const batch = builder.finish(timestampMs);
  identifyBatch(batch, { producerId: 0, epoch: 0, baseSequence: 0 });
  return batch;
}
