import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

import { HarnessError } from '../errors.ts';
import {
  allocateViews,
  frameBodyBytesMax,
  frameHeaderBytes,
  FrameKind,
  headerCheck,
  magic,
} from './format.ts';

const bufferBytes = 2 * (frameBodyBytesMax + frameHeaderBytes);

/** Verified frames of one file, each in place in a buffer that is reused. */
export class FrameSource {
  readonly #file: string;
  readonly #descriptor: number;
  readonly views = allocateViews(bufferBytes);
  /** Of the current frame: its kind and where its body lies in the buffer. */
  kind = 0;
  start = 0;
  end = 0;
  /** Byte position of the current frame in the file. */
  position = 0;
  tornBytes = 0;
  /** The end frame was read: the writer closed the file in good order. */
  closed = false;
  #at = 0;
  #filled = 0;
  /** File position of the first byte in the buffer. */
  #base = 0;
  #ended = false;
  #first = true;

  constructor(file: string) {
    this.#file = file;
    try {
      this.#descriptor = openSync(file, 'r');
    } catch (cause) {
      throw new HarnessError('history', `cannot open the history file ${file}`, { cause });
    }
  }

  next(): boolean {
    if (this.#first && !this.#skipMagic()) return false;
    if (!this.#has(frameHeaderBytes)) return this.#torn();
    const { bytes, words } = this.views;
    this.position = this.#base + this.#at;
    const word = this.#at >>> 2;
    const bodyBytes = words[word]!;
    const kind = words[word + 1]!;
    const crc = words[word + 2]!;
    if (
      words[word + 3] !== headerCheck(bodyBytes, kind, crc) ||
      bodyBytes > frameBodyBytesMax ||
      bodyBytes % 8 !== 0
    ) {
      if (this.#restIsZero()) return this.#torn();
      throw damaged(this.#file, this.position, 'the header of the frame is damaged');
    }
    if (!this.#has(frameHeaderBytes + bodyBytes)) return this.#torn();
    this.start = this.#at + frameHeaderBytes;
    this.end = this.start + bodyBytes;
    if (crc32(bytes.subarray(this.start, this.end)) !== crc) {
      if (!this.#has(frameHeaderBytes + bodyBytes + 1)) return this.#torn();
      throw damaged(this.#file, this.position, 'its checksum does not match');
    }
    if (
      this.#first !== (kind === FrameKind.header) ||
      kind < FrameKind.header ||
      kind > FrameKind.end
    ) {
      throw damaged(this.#file, this.position, `a frame of kind ${kind} does not belong there`);
    }
    this.#first = false;
    this.kind = kind;
    this.#at = this.end;
    if (kind !== FrameKind.end) return true;
    this.closed = true;
    if (this.#has(1) && !this.#restIsZero()) {
      throw damaged(this.#file, this.position, 'something follows the end of the history');
    }
    return this.#torn();
  }

  json(): unknown {
    return JSON.parse(this.views.bytes.toString('utf8', this.start, this.end));
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #skipMagic(): boolean {
    if (!this.#has(magic.length)) return this.#torn();
    if (!this.views.bytes.subarray(0, magic.length).equals(magic)) {
      if (this.#restIsZero()) return this.#torn();
      throw new HarnessError('history', `${this.#file} is not a history file of this version`);
    }
    this.#at = magic.length;
    return true;
  }

  /** Whether `bytes` more bytes are there; moves the rest of the buffer to its front to make room. */
  #has(bytes: number): boolean {
    if (this.#at + bytes <= this.#filled) return true;
    if (this.#ended) return false;
    const buffer = this.views.bytes;
    buffer.copyWithin(0, this.#at, this.#filled);
    this.#base += this.#at;
    this.start -= this.#at;
    this.end -= this.#at;
    this.#filled -= this.#at;
    this.#at = 0;
    while (this.#filled < buffer.length && !this.#ended) {
      const read = readSync(
        this.#descriptor,
        buffer,
        this.#filled,
        buffer.length - this.#filled,
        this.#base + this.#filled,
      );
      this.#ended = read === 0;
      this.#filled += read;
    }
    return bytes <= this.#filled;
  }

  #torn(): false {
    while (this.#has(this.#filled - this.#at + 1)) {
      this.tornBytes += this.#filled - this.#at;
      this.#at = this.#filled;
    }
    this.tornBytes += this.#filled - this.#at;
    this.#at = this.#filled;
    return false;
  }

  /** A file system that lost power may leave zeros behind the last write. */
  #restIsZero(): boolean {
    const { bytes } = this.views;
    if (this.#has(bytes.length)) return false;
    for (let at = this.#at; at < this.#filled; at++) if (bytes[at] !== 0) return false;
    return true;
  }
}

export function damaged(file: string, position: number, reason: string): HarnessError {
  return new HarnessError(
    'history',
    `${file} is damaged in the frame at byte ${position}: ${reason}`,
  );
}
