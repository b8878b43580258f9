import { ApiKey } from './api.ts';
import { apiVersion } from './messages.ts';
import { ProtocolError } from './protocol-error.ts';
import { invalid, WireReader } from './wire.ts';
import { RaftFrameWriter } from './raft-frame-writer.ts';

/**
 * The messages between two nodes, of all Raft groups that they share, one frame per tick:
 * `u8 api, u8 version, u32 0`, then message after message up to the end of the frame.
 *
 * The protocol imports nothing of the consensus core, so these types repeat the shape of its
 * `Message`. They are structural twins: where the server passes the one for the other, the
 * compiler checks that they still fit.
 */
export interface RaftEntry {
  readonly term: number;
  readonly index: number;
  readonly bytes: Buffer;
}

interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly term: number;
}

export type RaftMessage = Envelope &
  (
    | { readonly type: 'pre-vote' | 'vote'; readonly lastIndex: number; readonly lastTerm: number }
    | { readonly type: 'pre-vote-response' | 'vote-response'; readonly granted: boolean }
    | {
        readonly type: 'append';
        readonly prevIndex: number;
        readonly prevTerm: number;
        readonly commitIndex: number;
        readonly round: number;
        readonly entries: readonly RaftEntry[];
      }
    | {
        readonly type: 'append-response';
        readonly incarnation: number;
        readonly round: number;
        readonly rejected: boolean;
        readonly index: number;
        readonly hintIndex: number;
        readonly hintTerm: number;
      }
    | {
        readonly type: 'snapshot';
        readonly mark: { readonly index: number; readonly term: number };
        readonly data: Buffer;
      }
    | { readonly type: 'timeout-now' }
  );

/** A message and the group that it belongs to (`GroupStatus.groupId`). */
export interface GroupMessage {
  readonly groupId: number;
  readonly message: RaftMessage;
}

const types = [
  'pre-vote',
  'pre-vote-response',
  'vote',
  'vote-response',
  'append',
  'append-response',
  'snapshot',
  'timeout-now',
] as const satisfies readonly RaftMessage['type'][];

const messageHeadBytes = 25;
const entryHeadBytes = 20;

/**
 * Chunks for `Connection.write`: as many frames as it takes to keep each within `frameBytesMax`.
 * Big payloads are chunks of their own, not copies. Throws `ProtocolError` `too-large` for one
 * message that does not fit in a frame alone.
 */
export function encodeRaftFrames(
  messages: readonly GroupMessage[],
  frameBytesMax: number,
): Buffer[] {
  const to = new RaftFrameWriter();
  for (const { groupId, message } of messages) {
    const bytes = messageBytes(message);
    if (to.frameBytes + bytes > frameBytesMax || !to.frameOpen) {
      if (frameHeadBytes + bytes > frameBytesMax) {
        const limit = `a frame takes ${frameBytesMax}`;
        throw new ProtocolError('too-large', `A ${message.type} takes ${bytes} bytes; ${limit}.`);
      }
      to.beginFrame();
      to.u8(ApiKey.raft);
      to.u8(apiVersion);
      to.u32(0);
    }
    to.u64(groupId);
    to.u8(types.indexOf(message.type));
    to.u32(message.from);
    to.u32(message.to);
    to.u64(message.term);
    writeBody(to, message);
  }
  return to.finish();
}

const frameHeadBytes = 6;

/**
 * Decodes a frame (without its length) whose api is `raft`. Payloads are slices of the frame.
 * Throws `ProtocolError`.
 */
export function decodeRaftFrame(
  frame: Buffer,
  onMessage: (groupId: number, message: RaftMessage) => void,
): void {
  const from = new WireReader(frame);
  if (from.u8() !== ApiKey.raft) throw invalid('it is no raft frame');
  const version = from.u8();
  if (version !== apiVersion) {
    throw new ProtocolError('unsupported-version', `A peer speaks version ${version} of raft.`);
  }
  from.u32();
  while (from.left > 0) {
    const groupId = from.u64();
    const type = types[from.u8()];
    if (type === undefined) throw invalid('there is no such raft message');
    const sender = from.u32();
    const to = from.u32();
    onMessage(groupId, readBody(from, type, { from: sender, to, term: from.u64() }));
  }
}

function messageBytes(message: RaftMessage): number {
  switch (message.type) {
    case 'append': {
      let bytes = messageHeadBytes + 36;
      for (const entry of message.entries) bytes += entryHeadBytes + entry.bytes.length;
      return bytes;
    }
    case 'append-response':
      return messageHeadBytes + 41;
    case 'snapshot':
      return messageHeadBytes + 20 + message.data.length;
    case 'timeout-now':
      return messageHeadBytes;
    case 'pre-vote':
    case 'vote':
      return messageHeadBytes + 16;
    case 'pre-vote-response':
    case 'vote-response':
      return messageHeadBytes + 1;
  }
}

function writeBody(to: RaftFrameWriter, message: RaftMessage): void {
  switch (message.type) {
    case 'pre-vote':
    case 'vote':
      to.u64(message.lastIndex);
      to.u64(message.lastTerm);
      return;
    case 'pre-vote-response':
    case 'vote-response':
      to.u8(message.granted ? 1 : 0);
      return;
    case 'append':
      to.u64(message.prevIndex);
      to.u64(message.prevTerm);
      to.u64(message.commitIndex);
      to.u64(message.round);
      to.u32(message.entries.length);
      for (const entry of message.entries) {
        to.u64(entry.term);
        to.u64(entry.index);
        to.u32(entry.bytes.length);
        to.payload(entry.bytes);
      }
      return;
    case 'append-response':
      to.u64(message.incarnation);
      to.u64(message.round);
      to.u8(message.rejected ? 1 : 0);
      to.u64(message.index);
      to.u64(message.hintIndex);
      to.u64(message.hintTerm);
      return;
    case 'snapshot':
      to.u64(message.mark.index);
      to.u64(message.mark.term);
      to.u32(message.data.length);
      to.payload(message.data);
      return;
    case 'timeout-now':
  }
}

function readBody(from: WireReader, type: RaftMessage['type'], envelope: Envelope): RaftMessage {
  switch (type) {
    case 'pre-vote':
    case 'vote':
      return { ...envelope, type, lastIndex: from.u64(), lastTerm: from.u64() };
    case 'pre-vote-response':
    case 'vote-response':
      return { ...envelope, type, granted: from.bool() };
    case 'append':
      return {
        ...envelope,
        type,
        prevIndex: from.u64(),
        prevTerm: from.u64(),
        commitIndex: from.u64(),
        round: from.u64(),
        entries: readEntries(from),
      };
    case 'append-response':
      return {
        ...envelope,
        type,
        incarnation: from.u64(),
        round: from.u64(),
        rejected: from.bool(),
        index: from.u64(),
        hintIndex: from.u64(),
        hintTerm: from.u64(),
      };
    case 'snapshot':
      return {
        ...envelope,
        type,
        mark: { index: from.u64(), term: from.u64() },
        data: from.slice(from.u32()),
      };
    case 'timeout-now':
      return { ...envelope, type };
  }
}

function readEntries(from: WireReader): RaftEntry[] {
  const entries: RaftEntry[] = [];
  for (let left = from.count(entryHeadBytes); left > 0; left--) {
    const term = from.u64();
    const index = from.u64();
    entries.push({ term, index, bytes: from.slice(from.u32()) });
  }
  return entries;
}
