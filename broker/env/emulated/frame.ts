import { crc32 } from 'node:zlib';
import type { Fate, FileChange } from './tracked-file.ts';

/** A change of names in one directory, by the numbers of directory and node. */
export type NameFrame =
  | {
      readonly kind: 'link';
      readonly directory: number;
      readonly name: string;
      readonly id: number;
      readonly node: 'file' | 'directory';
    }
  | { readonly kind: 'unlink'; readonly directory: number; readonly name: string }
  | {
      readonly kind: 'rename';
      readonly directory: number;
      readonly name: string;
      readonly to: string;
    };

/** One entry of the journal. */
export type Frame =
  | NameFrame
  /** The changes hold once `done` follows; `path` is gone by then. One at a time. */
  | { readonly kind: 'intent'; readonly changes: readonly NameFrame[]; readonly path: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'cancelled' }
  /** The next write or truncation of a file. */
  | {
      readonly kind: 'change';
      readonly id: number;
      readonly change: FileChange;
      readonly fate: Fate;
    }
  /** The first unsynced changes of a file or a directory are stable. */
  | { readonly kind: 'settle'; readonly id: number; readonly count: number }
  /** The first unsynced changes of a file will never be stable. */
  | { readonly kind: 'forget'; readonly id: number; readonly count: number }
  /** First of a journal that begins with what a power cut left. */
  | {
      readonly kind: 'cut';
      readonly bytesDropped: number;
      readonly filesReverted: number;
      readonly namesReverted: number;
      readonly lengths: Readonly<Record<string, number>>;
    };

const headBytes = 12;
const nothing = Buffer.alloc(0);

/** `[length of the rest][crc of the rest][length of the JSON][JSON][the bytes before a change]` */
export function encodeFrame(frame: Frame): Buffer {
  const before = frame.kind === 'change' ? frame.change.before : nothing;
  const plain =
    frame.kind === 'change' ? { ...frame, change: { ...frame.change, before: 0 } } : frame;
  const json = Buffer.from(JSON.stringify(plain));
  const bytes = Buffer.alloc(headBytes + json.length + before.length);
  bytes.writeUInt32LE(bytes.length - 8, 0);
  bytes.writeUInt32LE(json.length, 8);
  json.copy(bytes, headBytes);
  before.copy(bytes, headBytes + json.length);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** The frames up to the first that is torn. */
export function* decodeFrames(bytes: Buffer): Generator<Frame> {
  let at = 0;
  while (at + headBytes <= bytes.length) {
    const end = at + 8 + bytes.readUInt32LE(at);
    if (end > bytes.length || end < at + headBytes) return;
    const rest = bytes.subarray(at + 8, end);
    if (crc32(rest) !== bytes.readUInt32LE(at + 4)) return;
    const jsonEnd = 4 + rest.readUInt32LE(0);
    const frame = JSON.parse(rest.toString('utf8', 4, jsonEnd)) as Frame;
    if (frame.kind !== 'change') yield frame;
    else
      yield { ...frame, change: { ...frame.change, before: Buffer.from(rest.subarray(jsonEnd)) } };
    at = end;
  }
}
