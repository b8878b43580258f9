import { strict as assert } from 'node:assert';
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

import type { Outcome } from '../driver/driver.ts';
import { HarnessError } from '../errors.ts';
import type {
  FaultEvent,
  HistoryHeader,
  NoteEvent,
  PhaseEvent,
  PositionEvent,
  ReadEndEvent,
  WorkerSecondEvent,
} from './events.ts';
import {
  allocateViews,
  attemptsMax,
  EntryFlag,
  EntryType,
  frameBodyBytesMax,
  frameHeaderBytes,
  FrameKind,
  headerCheck,
  magic,
  noPartition,
  numberMax,
  padded,
} from './format.ts';

/** Events that are rare and carry text; they are kept as JSON. */
export type JsonEvent = FaultEvent | PhaseEvent | WorkerSecondEvent | NoteEvent | ReadEndEvent;

const bufferBytes = 2 * frameBodyBytesMax;
const none = -1;

/**
 * Appends to one history file. The methods named for events only fill a buffer; `flush` hands it
 * to the kernel in one write. Write-ahead is the caller's part: flush before the bytes of an invoke
 * reach the broker, and before the ack of a delivery does. A buffer that fills up is written early.
 *
 * Throws `HarnessError` 'history' when the file exists already or cannot be written. After a write
 * that failed nothing more is written, so that the file ends in a torn frame and is sound before it.
 */
export class HistoryWriter {
  readonly file: string;
  #descriptor: number;
  readonly #views = allocateViews(bufferBytes);
  readonly #words = this.#views.words;
  readonly #doubles = this.#views.doubles;
  #end = 0;
  /** Start of the open block's frame, or -1. */
  #block = none;
  /** The kernel may have a part of what it was given: nothing may come after that. */
  #torn: HarnessError | undefined;

  constructor(file: string, header: HistoryHeader) {
    this.file = file;
    this.#descriptor = this.#attempt('create', () => openSync(file, 'wx'));
    this.#end = magic.copy(this.#views.bytes, 0);
    this.#json(FrameKind.header, header);
    this.flush();
  }

  invoke(producer: number, sequence: number, key: number, intended: number, time: number): void {
    const at = this.#entry(EntryType.invoke, producer, 32);
    const word = at >>> 2;
    const double = at >>> 3;
    this.#words[word + 1] = key;
    this.#doubles[double + 1] = sequence;
    this.#doubles[double + 2] = intended;
    this.#doubles[double + 3] = time;
  }

  complete(
    producer: number,
    sequence: number,
    outcome: Outcome,
    partition: number,
    offset: number,
    attempts: number,
    time: number,
  ): void {
    const at = this.#entry(EntryType.complete, producer, 32);
    const double = at >>> 3;
    const kept = attempts > attemptsMax ? attemptsMax : attempts;
    this.#words[(at >>> 2) + 1] = outcomeCode(outcome) | (kept << 2) | partitionBits(partition);
    this.#doubles[double + 1] = sequence;
    this.#doubles[double + 2] = offset;
    this.#doubles[double + 3] = time;
  }

  /** `flags`: see `EntryFlag`. */
  delivery(
    consumer: number,
    partition: number,
    offset: number,
    flags: number,
    producer: number,
    sequence: number,
    key: number,
    intended: number,
    time: number,
  ): void {
    const at = this.#entry(EntryType.delivery, consumer, 48);
    const word = at >>> 2;
    const double = at >>> 3;
    this.#words[word + 1] = flags | partitionBits(partition);
    this.#words[word + 2] = producer;
    this.#words[word + 3] = key;
    this.#doubles[double + 2] = sequence;
    this.#doubles[double + 3] = offset;
    this.#doubles[double + 4] = intended;
    this.#doubles[double + 5] = time;
  }

  ack(consumer: number, partition: number, offset: number, time: number): void {
    this.#place(EntryType.ack, consumer, partition, offset, time);
  }

  position(
    type: PositionEvent['type'],
    consumer: number,
    partition: number,
    offset: number,
    time: number,
  ): void {
    this.#place(EntryType[type], consumer, partition, offset, time);
  }

  /** A record of a final read; `node` 0 = through the leaders. */
  read(
    node: number,
    partition: number,
    offset: number,
    flags: number,
    producer: number,
    sequence: number,
    key: number,
  ): void {
    const at = this.#entry(EntryType.read, node, 32);
    const word = at >>> 2;
    const double = at >>> 3;
    this.#words[word + 1] = (flags & ~EntryFlag.redelivered) | partitionBits(partition);
    this.#words[word + 2] = producer;
    this.#words[word + 3] = key;
    this.#doubles[double + 2] = sequence;
    this.#doubles[double + 3] = offset;
  }

  event(event: JsonEvent): void {
    this.#json(FrameKind.event, event);
  }

  /** One write; afterwards a kill of this process cannot lose what was appended. */
  flush(): void {
    if (this.#torn !== undefined) throw this.#torn;
    this.#closeBlock();
    let written = 0;
    while (written < this.#end) {
      written += this.#attempt('write', () =>
        writeSync(this.#descriptor, this.#views.bytes, written, this.#end - written),
      );
    }
    this.#end = 0;
  }

  /** Says that nothing is missing: without it, a reader takes the file for cut off. */
  close(): void {
    if (this.#descriptor === none) return;
    try {
      if (this.#torn === undefined) this.#finish();
    } finally {
      closeSync(this.#descriptor);
      this.#descriptor = none;
    }
  }

  #finish(): void {
    this.#closeBlock();
    if (this.#end + frameHeaderBytes > bufferBytes) this.flush();
    this.#end += frameHeaderBytes;
    this.#seal(this.#end - frameHeaderBytes, FrameKind.end);
    this.flush();
  }

  #place(type: number, consumer: number, partition: number, offset: number, time: number): void {
    const at = this.#entry(type, consumer, 24);
    const double = at >>> 3;
    this.#words[(at >>> 2) + 1] = partitionBits(partition);
    this.#doubles[double + 1] = offset;
    this.#doubles[double + 2] = time;
  }

  /** Reserves an entry, writes its tag, and returns its byte position. */
  #entry(type: number, number: number, bytes: number): number {
    if (number < 0 || number > numberMax)
      throw new RangeError(`number ${number} is outside 0..${numberMax}`);
    if (this.#block !== none && this.#end + bytes - this.#block > frameBodyBytesMax)
      this.#closeBlock();
    if (this.#block === none) {
      if (this.#end + frameHeaderBytes + bytes > bufferBytes - frameBodyBytesMax) this.flush();
      this.#block = this.#end;
      this.#end += frameHeaderBytes;
    }
    const at = this.#end;
    this.#end = at + bytes;
    this.#words[at >>> 2] = type | (number << 8);
    return at;
  }

  #closeBlock(): void {
    if (this.#block === none) return;
    this.#seal(this.#block, FrameKind.block);
    this.#block = none;
  }

  #json(kind: number, value: JsonEvent | HistoryHeader): void {
    this.#closeBlock();
    const text = JSON.stringify(value);
    const bytes = Buffer.byteLength(text);
    const body = padded(bytes);
    assert(body <= frameBodyBytesMax, 'an event of the history must fit a frame');
    if (this.#end + frameHeaderBytes + body > bufferBytes) this.flush();
    const frame = this.#end;
    const start = frame + frameHeaderBytes;
    this.#views.bytes.write(text, start);
    this.#views.bytes.fill(0x20, start + bytes, start + body);
    this.#end = start + body;
    this.#seal(frame, kind);
  }

  #seal(frame: number, kind: number): void {
    const start = frame + frameHeaderBytes;
    const crc = crc32(this.#views.bytes.subarray(start, this.#end));
    const word = frame >>> 2;
    this.#words[word] = this.#end - start;
    this.#words[word + 1] = kind;
    this.#words[word + 2] = crc;
    this.#words[word + 3] = headerCheck(this.#end - start, kind, crc);
  }

  #attempt(what: string, act: () => number): number {
    try {
      return act();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const sentence = `cannot ${what} the history file ${this.file}: ${reason}`;
      this.#torn = new HarnessError('history', sentence, { cause });
      throw this.#torn;
    }
  }
}

function partitionBits(partition: number): number {
  if (partition < -1 || partition >= noPartition)
    throw new RangeError(`partition ${partition} is outside the format`);
  return (partition & 0xffff) << 16;
}

function outcomeCode(outcome: Outcome): number {
  return outcome === 'ok' ? 0 : outcome === 'fail' ? 1 : 2;
}
