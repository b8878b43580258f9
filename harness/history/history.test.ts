import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { HarnessError } from '../errors.ts';
import type { HistoryEvent, HistoryHeader } from './events.ts';
import { EntryFlag, frameHeaderBytes, magic } from './format.ts';
import { mergeHistories } from './merge.ts';
import { historyFiles, readHistory, readHistoryDirectory } from './reader.ts';
import type { HistoryVisitor } from './visitor.ts';
import { HistoryWriter } from './writer.ts';

const header: HistoryHeader = {
  version: 1,
  run: 'run-1',
  worker: 'producer-1',
  role: 'producer',
  clockDomain: 'boot',
  numbers: [1],
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-history-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function collector(): { visitor: Required<HistoryVisitor>; events: HistoryEvent[] } {
  const events: HistoryEvent[] = [];
  const keep = (event: HistoryEvent) => void events.push({ ...event });
  const visitor = {
    header: () => undefined,
    invoke: keep,
    complete: keep,
    delivery: keep,
    ack: keep,
    position: keep,
    read: keep,
    readEnd: keep,
    fault: keep,
    phase: keep,
    second: keep,
    note: keep,
  };
  return { visitor, events };
}

function append(writer: HistoryWriter, event: HistoryEvent): void {
  const flags = (e: { intact: boolean; foreign: boolean }, redelivered: boolean) =>
    (e.intact ? EntryFlag.intact : 0) |
    (e.foreign ? EntryFlag.foreign : 0) |
    (redelivered ? EntryFlag.redelivered : 0);
  const e = event;
  switch (e.type) {
    case 'invoke':
      return writer.invoke(e.producer, e.sequence, e.key, e.intended, e.time);
    case 'complete':
      return writer.complete(
        e.producer,
        e.sequence,
        e.outcome,
        e.partition,
        e.offset,
        e.attempts,
        e.time,
      );
    case 'delivery':
      return writer.delivery(
        e.consumer,
        e.partition,
        e.offset,
        flags(e, e.redelivered),
        e.producer,
        e.sequence,
        e.key,
        e.intended,
        e.time,
      );
    case 'ack':
      return writer.ack(e.consumer, e.partition, e.offset, e.time);
    case 'assigned':
    case 'revoked':
    case 'diverged':
      return writer.position(e.type, e.consumer, e.partition, e.offset, e.time);
    case 'read':
      return writer.read(
        e.node,
        e.partition,
        e.offset,
        flags(e, false),
        e.producer,
        e.sequence,
        e.key,
      );
    default:
      return writer.event(e);
  }
}

const number = fc.integer({ min: 0, max: 0xff_ffff });
const partition = fc.integer({ min: -1, max: 65_534 });
const big = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER });
const time = fc.double({ min: 0, max: 1e18, noNaN: true });
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const said = {
  producer: word,
  sequence: big,
  key: word,
  intact: fc.boolean(),
  foreign: fc.boolean(),
};
const anyEvent: fc.Arbitrary<HistoryEvent> = fc.oneof(
  fc.record({
    type: fc.constant('invoke' as const),
    producer: number,
    sequence: big,
    key: word,
    intended: time,
    time,
  }),
  fc.record({
    type: fc.constant('complete' as const),
    producer: number,
    sequence: big,
    outcome: fc.constantFrom('ok' as const, 'fail' as const, 'info' as const),
    partition,
    offset: big,
    attempts: fc.integer({ min: 0, max: 0x3fff }),
    time,
  }),
  fc.record({
    type: fc.constant('delivery' as const),
    consumer: number,
    partition,
    offset: big,
    redelivered: fc.boolean(),
    ...said,
    intended: time,
    time,
  }),
  fc.record({
    type: fc.constantFrom(
      'ack' as const,
      'assigned' as const,
      'revoked' as const,
      'diverged' as const,
    ),
    consumer: number,
    partition,
    offset: big,
    time,
  }),
  fc.record({ type: fc.constant('read' as const), node: number, partition, offset: big, ...said }),
  fc.record({
    type: fc.constant('note' as const),
    source: fc.string(),
    text: fc.string({ unit: 'grapheme' }),
    time: word,
  }),
);

describe('a history file', () => {
  test('gives back every event in the order in which it was written', () => {
    let files = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, fc.boolean()), { maxLength: 60 }), (script) => {
        const file = join(directory, `p-${files++}.ackh`);
        const writer = new HistoryWriter(file, header);
        for (const [event, flush] of script) {
          append(writer, event);
          if (flush) writer.flush();
        }
        writer.close();
        const { visitor, events } = collector();
        const summary = readHistory(file, visitor);
        expect(events).toEqual(script.map(([event]) => event));
        expect(summary).toMatchObject({ header, tornBytes: 0 });
      }),
      { numRuns: 100 },
    );
  });

  test('keeps its order over many buffers and frames', () => {
    const file = join(directory, 'long.ackh');
    const writer = new HistoryWriter(file, header);
    const total = 200_000;
    for (let n = 0; n < total; n++) {
      writer.invoke(1, n, n % 7, n * 10, n * 10 + 1);
      if (n % 50_000 === 49_999)
        writer.event({ type: 'note', source: 'test', text: `at ${n}`, time: n });
    }
    writer.close();
    let next = 0;
    const notes: string[] = [];
    readHistory(file, {
      invoke: (event) => {
        if (event.sequence !== next || event.time !== next * 10 + 1)
          throw new Error(`at ${next}: ${event.sequence}`);
        next++;
      },
      note: (event) => void notes.push(`${event.text} after ${next - 1}`),
    });
    expect(next).toBe(total);
    expect(notes).toEqual([49_999, 99_999, 149_999, 199_999].map((n) => `at ${n} after ${n}`));
  });

  test('reuses one object per frequent type', () => {
    const file = join(directory, 'reuse.ackh');
    const writer = new HistoryWriter(file, header);
    writer.ack(1, 0, 1, 1);
    writer.ack(1, 0, 2, 2);
    writer.close();
    const seen = new Set();
    readHistory(file, { ack: (event) => void seen.add(event) });
    expect(seen.size).toBe(1);
  });

  test('cut off at any byte yields exactly the frames before the cut', () => {
    const file = join(directory, 'cut.ackh');
    const writer = new HistoryWriter(file, header);
    const ends: number[] = [readFileSync(file).length];
    for (let n = 0; n < 4; n++) {
      writer.invoke(1, n, 0, n, n);
      if (n === 2) writer.event({ type: 'note', source: 's', text: 't', time: 0 });
      writer.flush();
      ends.push(readFileSync(file).length);
    }
    writer.close();
    const whole = readFileSync(file);
    for (let cut = 0; cut < whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      const sequences: number[] = [];
      const summary = readHistory(file, { invoke: (event) => void sequences.push(event.sequence) });
      const complete = ends.filter((end) => end <= cut).length;
      // The third flush holds two frames: its invoke can survive without its note.
      expect(sequences.length).toBeGreaterThanOrEqual(Math.max(0, complete - 1));
      expect(sequences.length).toBeLessThanOrEqual(complete);
      expect(sequences).toEqual(sequences.map((_, index) => index));
      expect(summary.header === null).toBe(cut < ends[0]!);
      if (ends.includes(cut)) expect(summary.tornBytes).toBe(0);
      expect(summary.closed).toBe(false);
    }
    writeFileSync(file, whole);
    expect(readHistory(file, {}).closed).toBe(true);
  });

  test('with zeros behind its last write is read up to them', () => {
    const file = join(directory, 'zeros.ackh');
    const writer = new HistoryWriter(file, header);
    writer.invoke(1, 0, 0, 0, 0);
    writer.close();
    truncateSync(file, readFileSync(file).length + 4096);
    let invokes = 0;
    const summary = readHistory(file, { invoke: () => void invokes++ });
    expect([invokes, summary.tornBytes, summary.closed]).toEqual([1, 4096, true]);
  });

  test('with any one damaged bit before its last frame is refused with file and byte', () => {
    const file = join(directory, 'flip.ackh');
    const writer = new HistoryWriter(file, header);
    writer.invoke(1, 0, 0, 0, 0);
    writer.flush();
    const middle = readFileSync(file).length;
    writer.invoke(1, 1, 0, 0, 0);
    writer.flush();
    const whole = readFileSync(file);
    writer.close();
    for (let byte = 0; byte < whole.length; byte++) {
      const damagedBytes = Buffer.from(whole);
      damagedBytes[byte]! ^= 1 << (byte % 8);
      writeFileSync(file, damagedBytes);
      const read = () => readHistory(file, {});
      if (byte >= middle + frameHeaderBytes) expect(read().tornBytes).toBe(whole.length - middle);
      else if (byte < magic.length) expect(read).toThrow(/is not a history file/);
      else expect(read).toThrow(HarnessError);
    }
    const damagedBytes = Buffer.from(whole);
    damagedBytes[middle - 1]! ^= 1;
    writeFileSync(file, damagedBytes);
    expect(() => readHistory(file, {})).toThrow(/flip\.ackh is damaged in the frame at byte \d+/);
  });

  test('holds nothing behind its end', () => {
    const file = join(directory, 'end.ackh');
    const writer = new HistoryWriter(file, header);
    writer.close();
    const whole = readFileSync(file);
    writeFileSync(file, Buffer.concat([whole, whole.subarray(magic.length)]));
    expect(() => readHistory(file, {})).toThrow(/something follows the end/);
  });

  test('is never written over', () => {
    const file = join(directory, 'once.ackh');
    new HistoryWriter(file, header).close();
    expect(() => new HistoryWriter(file, header)).toThrow(/cannot create the history file/);
  });

  test('refuses a partition and a producer number that its format cannot hold', () => {
    const writer = new HistoryWriter(join(directory, 'range.ackh'), header);
    expect(() => writer.ack(1, 65_535, 0, 0)).toThrow(RangeError);
    expect(() => writer.invoke(2 ** 24, 0, 0, 0, 0)).toThrow(RangeError);
    writer.close();
  });
});

describe('a history directory', () => {
  test('is read harness first, then producers, consumers and final reads', () => {
    for (const [worker, role] of [
      ['consumer-1', 'consumer'],
      ['final', 'reader'],
      ['harness', 'harness'],
      ['producer-1', 'producer'],
      ['producer-1.2', 'producer'],
    ] as const) {
      new HistoryWriter(join(directory, `${worker}.ackh`), { ...header, worker, role }).close();
    }
    writeFileSync(join(directory, 'unborn.ackh'), '');
    const order: string[] = [];
    const summaries = readHistoryDirectory(directory, {
      header: (found) => void order.push(found.worker),
    });
    expect(order).toEqual(['harness', 'producer-1', 'producer-1.2', 'consumer-1', 'final']);
    expect(summaries.at(-1)).toMatchObject({ header: null, frames: 0 });
    expect(historyFiles(directory)).toHaveLength(6);
  });

  test('without any file is an error that names the directory', () => {
    expect(() => readHistoryDirectory(directory, {})).toThrow(directory);
  });
});

describe('a merge of history files', () => {
  test('hands out the events of all files in order of time, and says where each is from', () => {
    let files = 0;
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }), {
          minLength: 1,
          maxLength: 4,
        }),
        (times) => {
          const sorted = times.map((list) => list.toSorted((a, b) => a - b));
          const paths = sorted.map((list, source) => {
            const file = join(directory, `m-${files++}.ackh`);
            const writer = new HistoryWriter(file, { ...header, worker: `w${source}` });
            list.forEach((at, n) => {
              if (n % 5 === 4)
                writer.event({ type: 'note', source: `${source}`, text: '', time: at });
              else writer.ack(source, 0, n, at);
            });
            writer.close();
            return file;
          });
          const seen: [number, number][] = [];
          const workers: string[] = [];
          let source = -1;
          mergeHistories(
            paths,
            {
              header: (found) => void workers.push(found.worker),
              ack: (event) => {
                expect(event.consumer).toBe(source);
                seen.push([event.time, source]);
              },
              note: (event) => void seen.push([event.time, Number(event.source)]),
            },
            (from) => {
              source = from;
            },
          );
          expect(workers).toEqual(sorted.map((_, index) => `w${index}`));
          expect(seen.map(([time]) => time)).toEqual(sorted.flat().toSorted((a, b) => a - b));
          sorted.forEach((list, index) =>
            expect(seen.filter(([, from]) => from === index).map(([time]) => time)).toEqual(list),
          );
        },
      ),
      { numRuns: 50 },
    );
  });
});
