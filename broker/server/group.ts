import type { RequestOf, ResponseOf } from '../protocol/codec.ts';
import type { NodeParts } from './node-parts.ts';

/** Answered when the generation is complete. Coordinator only, as the other two. */
export async function joinGroup(
  parts: NodeParts,
  request: RequestOf<'joinGroup'>,
): Promise<ResponseOf<'joinGroup'>> {
  return await parts.system.coordinator.join(request);
}

export function heartbeatGroup(
  parts: NodeParts,
  request: RequestOf<'heartbeatGroup'>,
): ResponseOf<'heartbeatGroup'> {
  parts.system.coordinator.heartbeat(request);
  return {};
}

export function leaveGroup(
  parts: NodeParts,
  request: RequestOf<'leaveGroup'>,
): ResponseOf<'leaveGroup'> {
  parts.system.coordinator.leave(request);
  return {};
}
