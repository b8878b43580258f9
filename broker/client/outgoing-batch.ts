import type { BrokerErrorCode } from '../errors.ts';
import type { NodeConnection } from './connection.ts';

/**
 * Called exactly once per message, never from inside `send`.
 *
 * - `ok`: acked at (partition, offset).
 * - `fail`: certainly not appended.
 * - `info`: unknown; it may be in the log, or get there yet.
 *
 * `partition` and `offset` are -1 where unknown; `attempts` counts tries on the wire.
 */
export type SendDone = (
  outcome: 'ok' | 'fail' | 'info',
  partition: number,
  offset: number,
  attempts: number,
  errorCode: BrokerErrorCode | undefined,
) => void;

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
