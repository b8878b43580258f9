import { assert } from '../assert.ts';
import { BatchKind, batchHeaderBytes, createBatch } from '../protocol/batch.ts';

/**
 * Commands of a partition's state machine: entries of kind `command`, with an index and no offset.
 *
 * - `open-cursor` raises the cursor's generation: every lower one is fenced from here on.
 * - `commit-cursor` sets the offset below which the group is done. The last commit of a generation
 *   wins, also when it goes back: a reader that was told `diverged` commits from there again.
 */
export type PartitionCommand =
  | { readonly type: 'open-cursor'; readonly group: string; readonly generation: number }
  | {
      readonly type: 'commit-cursor';
      readonly group: string;
      readonly generation: number;
      readonly offset: number;
    };

/** Longest group name, in UTF-8 bytes; the server refuses longer ones as `invalid-request`. */
export const groupNameBytesMax = 255;

const openType = 1;
const commitType = 2;

/** Body: `u8 type, f64 generation, f64 offset (0 for open), group as UTF-8`. */
export function encodePartitionCommand(command: PartitionCommand, timestampMs = 0): Buffer {
  const name = Buffer.from(command.group, 'utf8');
  assert(name.length > 0 && name.length <= groupNameBytesMax, 'group name out of bounds');
  const body = Buffer.alloc(17 + name.length);
  body.writeUInt8(command.type === 'open-cursor' ? openType : commitType, 0);
  body.writeDoubleLE(command.generation, 1);
  body.writeDoubleLE(command.type === 'open-cursor' ? 0 : command.offset, 9);
  name.copy(body, 17);
  return createBatch({ kind: BatchKind.command, timestampMs }, body);
}

/** Reads a batch that `encodePartitionCommand` wrote; anything else is a bug, so it asserts. */
export function decodePartitionCommand(batch: Buffer): PartitionCommand {
  assert(batch.length > batchHeaderBytes + 17, 'partition command is too short');
  const type = batch.readUInt8(batchHeaderBytes);
  const generation = batch.readDoubleLE(batchHeaderBytes + 1);
  const offset = batch.readDoubleLE(batchHeaderBytes + 9);
  const group = batch.toString('utf8', batchHeaderBytes + 17);
  assert(type === openType || type === commitType, `unknown partition command ${type}`);
  if (type === openType) return { type: 'open-cursor', group, generation };
  return { type: 'commit-cursor', group, generation, offset };
}
