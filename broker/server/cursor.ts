import { BrokerError } from '../errors.ts';
import { groupNameBytesMax } from '../partition/commands.ts';
import type { RequestOf, ResponseOf } from '../protocol/codec.ts';
import type { HostedPartition } from './hosted-partition.ts';
import type { NodeParts } from './node-parts.ts';

/** Cursors are kept for good, so their number is what bounds the state. */
const cursorsMax = 10_000;

/** Raises the cursor's generation and answers where to resume, -1 if it was never committed. */
export async function openCursor(
  parts: NodeParts,
  request: RequestOf<'openCursor'>,
): Promise<ResponseOf<'openCursor'>> {
  const { group, generation } = request;
  const offset = await find(parts, request).command(
    { type: 'open-cursor', group, generation },
    parts.env.clock.wallMs(),
  );
  return { offset };
}

/**
 * Answered once applied, in every replication mode: only applying tells whether a later generation
 * has fenced this one.
 */
export async function commitCursor(
  parts: NodeParts,
  request: RequestOf<'commitCursor'>,
): Promise<ResponseOf<'commitCursor'>> {
  const { group, generation, offset } = request;
  await find(parts, request).command(
    { type: 'commit-cursor', group, generation, offset },
    parts.env.clock.wallMs(),
  );
  return {};
}

function find(parts: NodeParts, request: RequestOf<'openCursor'>): HostedPartition {
  const bytes = Buffer.byteLength(request.group);
  if (bytes === 0 || bytes > groupNameBytesMax) {
    throw new BrokerError('invalid-request', `a group name has 1 to ${groupNameBytesMax} bytes`);
  }
  const { topicId, partition } = request;
  const found = parts.replicas.partition(topicId, partition);
  if (found === undefined) throw parts.replicas.whyMissing(topicId, partition);
  const { machine } = found;
  if (machine.cursorCount >= cursorsMax && machine.cursor(request.group) === undefined) {
    throw new BrokerError('overloaded', `the partition keeps ${cursorsMax} cursors already`);
  }
  return found;
}
