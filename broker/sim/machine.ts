import { PartitionMachine } from '../partition/partition.ts';
import { BatchKind, batchHeaderBytes, createBatch } from '../protocol/batch.ts';
import { readU64 } from '../protocol/integers.ts';
import { crc32c } from '../protocol/crc32c.ts';
import type { Entry } from '../raft/types.ts';

/** One batch as the log holds it; `producer` and `value` are what the batch is about. */
export interface StoredValue {
  readonly producer: number;
  readonly value: number;
  readonly index: number;
  readonly term: number;
  readonly offset: number;
}

/** A batch of records that carries one value, padded so that segments fill up at some time. */
export function encodeValue(options: {
  readonly producer: number;
  readonly value: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly records: number;
  readonly padding: number;
}): Buffer {
  const body = Buffer.alloc(8 + options.padding);
  body.writeUInt32LE(options.producer, 0);
  body.writeUInt32LE(options.value, 4);
  return createBatch(
    {
      kind: BatchKind.records,
      recordCount: options.records,
      producerId: options.producer,
      epoch: options.epoch,
      baseSequence: options.sequence,
    },
    body,
  );
}

export function decodeValue(batch: Buffer): StoredValue {
  return {
    producer: batch.readUInt32LE(batchHeaderBytes),
    value: batch.readUInt32LE(batchHeaderBytes + 4),
    offset: readU64(batch, 8),
    term: readU64(batch, 16),
    index: readU64(batch, 24),
  };
}

export type OnApplied = (entry: Entry, digest: number) => void;

/**
 * The partition's own state machine, and beside it everything that was ever applied, in order,
 * with a digest that two replicas share only if they applied the same.
 */
export class SimMachine extends PartitionMachine {
  readonly #onApplied: OnApplied;
  values: StoredValue[] = [];
  digest = 0;

  constructor(onApplied: OnApplied) {
    super();
    this.#onApplied = onApplied;
  }

  override apply(entry: Entry): void {
    super.apply(entry);
    this.digest = crc32c(entry.bytes.subarray(16, 36), this.digest);
    if (entry.bytes.readUInt8(37) === BatchKind.records) this.values.push(decodeValue(entry.bytes));
    this.#onApplied(entry, this.digest);
  }

  override snapshot(): Buffer {
    const partition = super.snapshot().toString();
    return Buffer.from(JSON.stringify({ partition, digest: this.digest, values: this.values }));
  }

  override restore(snapshot: Buffer | undefined): void {
    if (snapshot === undefined) {
      super.restore(undefined);
      this.digest = 0;
      this.values = [];
      return;
    }
    const state = JSON.parse(snapshot.toString()) as {
      partition: string;
      digest: number;
      values: StoredValue[];
    };
    super.restore(Buffer.from(state.partition));
    this.digest = state.digest;
    this.values = state.values;
  }
}
