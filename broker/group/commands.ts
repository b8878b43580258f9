import { assert } from '../assert.ts';
import type { TopicConfig } from '../protocol/api.ts';
import { BatchKind, batchHeaderBytes, createBatch } from '../protocol/batch.ts';

export interface GroupMember {
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  /** Ascending. */
  readonly partitions: readonly number[];
}

/**
 * Commands of the system group's state machine. Every choice (placement, assignment, member ids) is
 * made by the leader and written into the command, so that applying it needs nothing else.
 */
export type SystemCommand =
  | {
      readonly type: 'create-topic';
      readonly config: TopicConfig;
      /** Node ids per partition. */
      readonly placement: readonly (readonly number[])[];
    }
  /** `producerId` 0 = a new id; otherwise raises the epoch of that id. */
  | { readonly type: 'init-producer'; readonly producerId: number }
  /** Takes effect only when `generation` is the group's generation + 1. */
  | {
      readonly type: 'set-group';
      readonly group: string;
      readonly generation: number;
      readonly topic: string;
      readonly members: readonly GroupMember[];
    };

/** What applying a command came to, for whoever proposed it. */
export type SystemResult =
  | { readonly type: 'topic'; readonly topicId: number; readonly created: boolean }
  | { readonly type: 'producer'; readonly producerId: number; readonly epoch: number }
  | { readonly type: 'group'; readonly applied: boolean; readonly generation: number };

/** Rare and small, so the body is JSON. */
export function encodeSystemCommand(command: SystemCommand, timestampMs = 0): Buffer {
  const body = Buffer.from(JSON.stringify(command), 'utf8');
  return createBatch({ kind: BatchKind.system, timestampMs }, body);
}

/** Reads a batch that `encodeSystemCommand` wrote; anything else is a bug, so it asserts. */
export function decodeSystemCommand(batch: Buffer): SystemCommand {
  const command = JSON.parse(batch.toString('utf8', batchHeaderBytes)) as SystemCommand;
  assert(
    command.type === 'create-topic' ||
      command.type === 'init-producer' ||
      command.type === 'set-group',
    'unknown system command',
  );
  return command;
}
