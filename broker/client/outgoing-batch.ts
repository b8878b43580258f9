import type { BrokerErrorCode } from '../errors.ts';
import type { NodeConnection } from './connection.ts';
import type { SendDone } from './producer.ts';

/** A batch from the moment it is closed until its messages have their outcome. */
export class OutgoingBatch {
  readonly bytes: Buffer;
  readonly dones: readonly SendDone[];
  readonly createdMs: number;
  /** -1 until it has its place in an epoch. */
  baseSequence = -1;
  attempts = 0;
  /** Some attempt may have been appended: from then on it can fail no more, only be unknown. */
  uncertain = false;
  lastError: BrokerErrorCode | undefined;
  /** Set while an answer is awaited. */
  connection: NodeConnection | undefined;
  correlationId = 0;
  sentMs = 0;

  constructor(bytes: Buffer, dones: readonly SendDone[], createdMs: number) {
    this.bytes = bytes;
    this.dones = dones;
    this.createdMs = createdMs;
  }

  get awaited(): boolean {
    return this.connection !== undefined;
  }
}
