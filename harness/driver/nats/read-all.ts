import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import type { ReadRecord } from '../driver.ts';
import { isMessageNotFound, until } from './patience.ts';
import { streamInfo, streamOf, type StreamInfoOptions } from './streams.ts';

export interface ReadOptions {
  readonly topic: string;
  readonly partitions: number;
  readonly onRecord: (record: ReadRecord) => void;
  readonly patienceMs?: number;
  readonly isWhole: StreamInfoOptions['isWhole'];
}

interface Ends {
  readonly startOffset: number;
  readonly endOffset: number;
}

const patienceMsDefault = 10_000;
/** Messages that are asked for at once, over all streams. */
const askedMax = 256;
/** A server says of a message that it could not read just now what it says of one that is gone. */
const holesAskedTimes = 3;
const holesAgainMs = 400;

/**
 * Each message is asked of its stream's leader by its sequence, from the first to the last that the
 * leader knew when the read began, so that nobody's cursor and no other replica comes between. A
 * sequence at which there is nothing, also when it is asked for again at the end, is a hole; one that
 * is there by then fails the read, since records come in order. A stream that is gone for certain
 * reads as empty.
 */
export async function readStreams(
  jsm: JetStreamManager,
  options: ReadOptions,
): Promise<{ readonly partitions: readonly Ends[] }> {
  const { partitions } = options;
  const all = Array.from({ length: partitions }, (_, partition) =>
    readStream(jsm, partition, options),
  );
  return { partitions: await Promise.all(all) };
}

async function readStream(
  jsm: JetStreamManager,
  partition: number,
  { topic, partitions, onRecord, isWhole, patienceMs = patienceMsDefault }: ReadOptions,
): Promise<Ends> {
  const stream = streamOf(topic, partition);
  const info = await streamInfo(jsm, stream, { patienceMs, isWhole });
  const { first_seq: first = 0, last_seq: last = 0 } = info?.state ?? {};
  if (last === 0) return { startOffset: 0, endOffset: 0 };
  const get = (seq: number): Promise<StoredMsg | null> => {
    const message = until(patienceMs, () => messageAt(jsm, stream, seq));
    // One that fails fails the read; the others of its window are then nobody's to hear.
    message.catch(() => undefined);
    return message;
  };
  const windowMax = Math.max(1, Math.floor(askedMax / partitions));
  const holes: number[] = [];
  for await (const { seq, message } of inOrder(range(first, last), windowMax, get)) {
    if (!message) {
      holes.push(seq);
      continue;
    }
    const { buffer, byteOffset, length } = message.data;
    onRecord({ payload: Buffer.from(buffer, byteOffset, length), partition, offset: seq - 1 });
  }
  for (let times = 0; holes.length > 0 && times < holesAskedTimes; times++) {
    await sleep(holesAgainMs);
    for await (const { seq, message } of inOrder(holes, windowMax, get))
      if (message) throw new Error(`${stream} had nothing at sequence ${seq}, and then a message`);
  }
  return { startOffset: first - 1, endOffset: last };
}

/** What is at each sequence, asked for up to so many ahead. */
async function* inOrder(
  sequences: Iterable<number>,
  windowMax: number,
  get: (seq: number) => Promise<StoredMsg | null>,
): AsyncGenerator<{ readonly seq: number; readonly message: StoredMsg | null }> {
  const window: { readonly seq: number; readonly message: Promise<StoredMsg | null> }[] = [];
  const first = async () => {
    const { seq, message } = window.shift()!;
    return { seq, message: await message };
  };
  for (const seq of sequences) {
    window.push({ seq, message: get(seq) });
    if (window.length >= windowMax) yield await first();
  }
  while (window.length > 0) yield await first();
}

function* range(first: number, last: number): Generator<number> {
  for (let seq = first; seq <= last; seq++) yield seq;
}

async function messageAt(
  jsm: JetStreamManager,
  stream: string,
  seq: number,
): Promise<StoredMsg | null> {
  try {
    return await jsm.streams.getMessage(stream, { seq });
  } catch (error) {
    if (isMessageNotFound(error)) return null;
    throw error;
  }
}
