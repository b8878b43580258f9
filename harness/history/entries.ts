import type { Outcome } from '../driver/driver.ts';
import type {
  CompleteEvent,
  DeliveryEvent,
  InvokeEvent,
  PositionEvent,
  ReadEvent,
} from './events.ts';
import { EntryFlag, EntryType, entryBytes, noPartition } from './format.ts';
import { damaged } from './frames.ts';
import type { FrameSource } from './frames.ts';
import type { HistoryVisitor } from './visitor.ts';

/** Decodes blocks into one object per type and hands them to the visitor. */
export class EntryDecoder {
  readonly #file: string;
  readonly #visitor: HistoryVisitor;
  readonly #invoke = {
    type: 'invoke' as const,
    producer: 0,
    sequence: 0,
    key: 0,
    intended: 0,
    time: 0,
  };
  readonly #complete = {
    type: 'complete' as const,
    producer: 0,
    sequence: 0,
    outcome: 'ok' as Outcome,
    partition: 0,
    offset: 0,
    attempts: 0,
    time: 0,
  };
  readonly #delivery = {
    type: 'delivery' as const,
    consumer: 0,
    partition: 0,
    offset: 0,
    redelivered: false,
    producer: 0,
    sequence: 0,
    key: 0,
    intact: true,
    foreign: false,
    intended: 0,
    time: 0,
  };
  readonly #ack = { type: 'ack' as const, consumer: 0, partition: 0, offset: 0, time: 0 };
  readonly #position = {
    type: 'assigned' as PositionEvent['type'],
    consumer: 0,
    partition: 0,
    offset: 0,
    time: 0,
  };
  readonly #read = {
    type: 'read' as const,
    node: 0,
    partition: 0,
    offset: 0,
    producer: 0,
    sequence: 0,
    key: 0,
    intact: true,
    foreign: false,
  };

  constructor(file: string, visitor: HistoryVisitor) {
    this.#file = file;
    this.#visitor = visitor;
  }

  block(frame: FrameSource): void {
    let at = frame.start;
    while (at < frame.end) at += this.entry(frame, at);
  }

  /** Decodes the entry at byte `at` of the frame's buffer; returns its size. */
  entry(frame: FrameSource, at: number): number {
    const { words, doubles } = frame.views;
    const visitor = this.#visitor;
    const word = at >>> 2;
    const double = at >>> 3;
    const type = words[word]! & 0xff;
    const bytes = entryBytes[type] ?? 0;
    if (bytes === 0 || at + bytes > frame.end) {
      throw damaged(this.#file, frame.position, `it holds an entry of unknown type ${type}`);
    }
    switch (type) {
      case EntryType.invoke:
        if (visitor.invoke) visitor.invoke(this.#fillInvoke(words, doubles, word, double));
        break;
      case EntryType.complete:
        if (visitor.complete) visitor.complete(this.#fillComplete(words, doubles, word, double));
        break;
      case EntryType.delivery:
        if (visitor.delivery) visitor.delivery(this.#fillDelivery(words, doubles, word, double));
        break;
      case EntryType.ack:
        if (visitor.ack) visitor.ack(fillPlace(this.#ack, words, doubles, word, double));
        break;
      case EntryType.read:
        if (visitor.read) visitor.read(this.#fillRead(words, doubles, word, double));
        break;
      default:
        if (visitor.position) {
          this.#position.type =
            type === EntryType.assigned
              ? 'assigned'
              : type === EntryType.revoked
                ? 'revoked'
                : 'diverged';
          visitor.position(fillPlace(this.#position, words, doubles, word, double));
        }
    }
    return bytes;
  }

  #fillInvoke(
    words: Uint32Array,
    doubles: Float64Array,
    word: number,
    double: number,
  ): InvokeEvent {
    const event = this.#invoke;
    event.producer = words[word]! >>> 8;
    event.key = words[word + 1]!;
    event.sequence = doubles[double + 1]!;
    event.intended = doubles[double + 2]!;
    event.time = doubles[double + 3]!;
    return event;
  }

  #fillComplete(
    words: Uint32Array,
    doubles: Float64Array,
    word: number,
    double: number,
  ): CompleteEvent {
    const event = this.#complete;
    const mark = words[word + 1]!;
    const outcome = mark & 3;
    event.producer = words[word]! >>> 8;
    event.outcome = outcome === 0 ? 'ok' : outcome === 1 ? 'fail' : 'info';
    event.attempts = (mark & 0xffff) >>> 2;
    event.partition = partitionOf(mark);
    event.sequence = doubles[double + 1]!;
    event.offset = doubles[double + 2]!;
    event.time = doubles[double + 3]!;
    return event;
  }

  #fillDelivery(
    words: Uint32Array,
    doubles: Float64Array,
    word: number,
    double: number,
  ): DeliveryEvent {
    const event = this.#delivery;
    const mark = words[word + 1]!;
    event.consumer = words[word]! >>> 8;
    event.partition = partitionOf(mark);
    event.intact = (mark & EntryFlag.intact) !== 0;
    event.foreign = (mark & EntryFlag.foreign) !== 0;
    event.redelivered = (mark & EntryFlag.redelivered) !== 0;
    event.producer = words[word + 2]!;
    event.key = words[word + 3]!;
    event.sequence = doubles[double + 2]!;
    event.offset = doubles[double + 3]!;
    event.intended = doubles[double + 4]!;
    event.time = doubles[double + 5]!;
    return event;
  }

  #fillRead(words: Uint32Array, doubles: Float64Array, word: number, double: number): ReadEvent {
    const event = this.#read;
    const mark = words[word + 1]!;
    event.node = words[word]! >>> 8;
    event.partition = partitionOf(mark);
    event.intact = (mark & EntryFlag.intact) !== 0;
    event.foreign = (mark & EntryFlag.foreign) !== 0;
    event.producer = words[word + 2]!;
    event.key = words[word + 3]!;
    event.sequence = doubles[double + 2]!;
    event.offset = doubles[double + 3]!;
    return event;
  }
}

function fillPlace<
  Place extends { consumer: number; partition: number; offset: number; time: number },
>(event: Place, words: Uint32Array, doubles: Float64Array, word: number, double: number): Place {
  event.consumer = words[word]! >>> 8;
  event.partition = partitionOf(words[word + 1]!);
  event.offset = doubles[double + 1]!;
  event.time = doubles[double + 2]!;
  return event;
}

function partitionOf(mark: number): number {
  const partition = mark >>> 16;
  return partition === noPartition ? -1 : partition;
}
