import { BrokerError } from '../errors.ts';
import type { BrokerErrorCode } from '../errors.ts';
import { RecordReader } from '../client/record-reader.ts';
import { PendingFetch, serveFetch } from './fetch.ts';
import type { FetchReceiver } from './fetch.ts';
import type { NodeParts } from './node-parts.ts';

const bytesMaxDefault = 256 * 1024;
const bytesMaxLimit = 1024 * 1024;

interface JsonRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key?: string;
  readonly value: string;
}

interface JsonRecords {
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Where the next fetch goes on. */
  readonly nextOffset: number;
  readonly records: readonly JsonRecord[];
}

/**
 * `?offset=0&bytesMax=262144&waitMs=0&replica&encoding=base64`: committed records from `offset` on.
 */
export async function fetchAsJson(
  parts: NodeParts,
  { topicId, partition }: { readonly topicId: number; readonly partition: number },
  query: URLSearchParams,
): Promise<JsonRecords> {
  const hosted = parts.replicas.partition(topicId, partition);
  if (hosted === undefined) throw parts.replicas.whyMissing(topicId, partition);
  const offset = number(query, 'offset', 0);
  const waitMs = Math.min(number(query, 'waitMs', 0), parts.limits.fetchWaitMsMax);
  const bytesMax = Math.min(number(query, 'bytesMax', bytesMaxDefault), bytesMaxLimit);
  const replica = query.has('replica');
  const encoding = query.get('encoding') === 'base64' ? 'base64' : 'utf8';
  const fetched = await new Promise<Fetched>((resolve, reject) => {
    const fetch = new PendingFetch({
      receiver: new GatewayFetch(resolve, reject),
      correlationId: 0,
      request: { topicId, partition, offset, lastTerm: 0, bytesMax, waitMs, replica },
      deadlineMs: parts.env.clock.monotonicMs() + waitMs,
      bytes: 0,
    });
    serveFetch(hosted, fetch, undefined);
  });
  const reader = new RecordReader({ batches: fetched.batches, partition, from: offset });
  const records: JsonRecord[] = [];
  for (let record = reader.read(); record !== undefined; record = reader.read()) {
    records.push({
      offset: record.offset,
      timestampMs: record.timestampMs,
      ...(record.key === undefined ? {} : { key: record.key.toString(encoding) }),
      value: record.value.toString(encoding),
    });
  }
  const { logStartOffset, highWatermark } = fetched;
  return { logStartOffset, highWatermark, nextOffset: reader.nextOffset, records };
}

interface Fetched {
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly batches: Buffer;
}

/** One HTTP request is one fetch: it has room for its one answer. */
class GatewayFetch implements FetchReceiver {
  readonly closed = false;
  readonly outputFull = false;
  readonly fetchBytesMax = bytesMaxLimit;
  readonly #resolve: (fetched: Fetched) => void;
  readonly #reject: (error: BrokerError) => void;

  constructor(resolve: (fetched: Fetched) => void, reject: (error: BrokerError) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {}
  finish(): void {}
  reserveOutput(): void {}
  releaseOutput(): void {}

  answer(_api: 'fetch', _correlationId: number, fetched: Fetched): void {
    this.#resolve(fetched);
  }

  answerError(_id: number, code: BrokerErrorCode, message: string, detail?: number): void {
    this.#reject(new BrokerError(code, message, detail === undefined ? {} : { detail }));
  }
}

function number(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new BrokerError('invalid-request', `"${name}" must be a whole number of 0 or more`);
  }
  return value;
}
