import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Session } from '../driver/driver.ts';
import type { ReadEndEvent } from '../history/events.ts';
import { readHistory } from '../history/reader.ts';
import { PayloadWriter } from '../load/payload.ts';
import { finalRead, type FinalReadOptions } from './final-read.ts';
import { Stopped, StopSwitch } from './stop-switch.ts';

type Answer =
  | {
      records: number;
      ends: { startOffset: number; endOffset: number }[];
      /** Handed out behind them, and then no more. */
      damaged?: true;
    }
  | Error;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-read-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A session that answers each read with the next of these, and the last one for good. */
function read(answers: Answer[], changes: Partial<FinalReadOptions> = {}) {
  const writer = new PayloadWriter({ run: 'run-1', producer: 3, sizeBytes: 100, seed: 1 });
  const slot = writer.slot();
  const asked: (number | undefined)[] = [];
  const session = {
    async readAll({ node, onRecord }: Parameters<Session['readAll']>[0]) {
      asked.push(node);
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (answer instanceof Error) throw answer;
      for (let offset = 0; offset < answer.records; offset++) {
        writer.write(slot, offset, 7, 1000);
        onRecord({ payload: slot.payload, partition: 0, offset });
      }
      if (answer.damaged) {
        onRecord({ payload: Buffer.alloc(0), partition: 0, offset: answer.records });
        throw new Error('corrupt-batch');
      }
      return { partitions: answer.ends };
    },
  } as unknown as Session;
  const options = {
    session,
    run: 'run-1',
    historyDirectory: directory,
    node: 2,
    partitions: 1,
    ends: [],
    patienceMs: 50,
    stop: new StopSwitch(),
    ...changes,
  };
  return { ends: finalRead(options), asked };
}

function written(worker: string): { records: number; intact: number; ends: ReadEndEvent[] } {
  const found = { records: 0, intact: 0, ends: [] as ReadEndEvent[] };
  readHistory(join(directory, `${worker}.ackh`), {
    read: ({ intact, producer, key, foreign }) => {
      found.records++;
      if (intact && !foreign && producer === 3 && key === 7) found.intact++;
    },
    readEnd: (event) => found.ends.push(event),
  });
  return found;
}

describe('the final read', () => {
  test('writes down every record and where each partition ends', async () => {
    const { ends, asked } = read([{ records: 5, ends: [{ startOffset: 0, endOffset: 5 }] }]);
    expect(await ends).toEqual([{ startOffset: 0, endOffset: 5 }]);
    expect(asked).toEqual([2]);
    const { records, intact, ends: told } = written('reader-2');
    expect([records, intact]).toEqual([5, 5]);
    expect(told).toMatchObject([
      { node: 2, partition: 0, endOffset: 5, complete: true, reason: '' },
    ]);
  });

  test('goes through the leaders for node 0', async () => {
    const { ends, asked } = read([{ records: 1, ends: [{ startOffset: 0, endOffset: 1 }] }], {
      node: 0,
    });
    await ends;
    expect(asked).toEqual([undefined]);
    expect(readdirSync(directory)).toEqual(['reader-0.ackh']);
  });

  test('reads a copy again that is still catching up, and keeps the last try alone', async () => {
    const answers = [
      { records: 3, ends: [{ startOffset: 0, endOffset: 3 }] },
      { records: 5, ends: [{ startOffset: 0, endOffset: 5 }] },
    ];
    const { ends } = read(answers, { ends: [{ startOffset: 0, endOffset: 5 }], patienceMs: 5000 });
    expect(await ends).toEqual([{ startOffset: 0, endOffset: 5 }]);
    expect(written('reader-2').records).toBe(5);
  });

  test('keeps what there is of a copy that stays behind', async () => {
    const { ends } = read([{ records: 3, ends: [{ startOffset: 0, endOffset: 3 }] }], {
      ends: [{ startOffset: 0, endOffset: 5 }],
    });
    expect(await ends).toEqual([{ startOffset: 0, endOffset: 3 }]);
    expect(written('reader-2').ends).toMatchObject([{ endOffset: 3, complete: true }]);
  });

  test('keeps what was damaged, although another try would find it whole', async () => {
    const whole = { records: 3, ends: [{ startOffset: 0, endOffset: 3 }] };
    const { ends } = read([{ ...whole, records: 2, damaged: true }, whole], { patienceMs: 5000 });
    expect(await ends).toEqual([]);
    expect(written('reader-2')).toMatchObject({ records: 3, intact: 2 });
  });

  test('says why a partition could not be read', async () => {
    const { ends } = read([new Error('node 2 does not answer')], { partitions: 2 });
    expect(await ends).toEqual([]);
    expect(written('reader-2').ends).toMatchObject([
      { partition: 0, complete: false, reason: 'node 2 does not answer' },
      { partition: 1, complete: false, reason: 'node 2 does not answer' },
    ]);
  });

  test('ends with the try that is under way when the run is to end, and keeps what it read', async () => {
    const stop = new StopSwitch();
    const writer = new PayloadWriter({ run: 'run-1', producer: 3, sizeBytes: 100, seed: 1 });
    const slot = writer.slot();
    let more = (): void => undefined;
    const session = {
      readAll: ({ onRecord }: Parameters<Session['readAll']>[0]) => {
        more = () => {
          writer.write(slot, 0, 7, 1000);
          onRecord({ payload: slot.payload, partition: 0, offset: 0 });
        };
        more();
        return new Promise(() => undefined);
      },
    } as unknown as Session;
    const { ends } = read([], { session, stop, patienceMs: 60_000 });
    stop.throw();
    expect(await ends).toEqual([]);
    more();
    expect(written('reader-2')).toMatchObject({
      records: 1,
      ends: [{ partition: 0, complete: false, reason: 'the run was to end' }],
    });
  });

  test('makes no other try, and leaves no file, when the run is to end between two', async () => {
    const stop = new StopSwitch();
    const { ends, asked } = read([new Error('node 2 does not answer')], {
      stop,
      patienceMs: 60_000,
    });
    await new Promise(setImmediate);
    stop.throw();
    await expect(ends).rejects.toBeInstanceOf(Stopped);
    expect(asked).toHaveLength(1);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('tells a partition of which the node has no copy from one that is empty', async () => {
    const none = { startOffset: -1, endOffset: -1 };
    const { ends } = read([{ records: 0, ends: [none, { startOffset: 0, endOffset: 0 }] }], {
      partitions: 2,
      ends: [
        { startOffset: 0, endOffset: 5 },
        { startOffset: 0, endOffset: 0 },
      ],
    });
    await ends;
    expect(written('reader-2').ends.map(({ complete, reason }) => [complete, reason])).toEqual([
      [false, 'the node has no copy'],
      [true, ''],
    ]);
  });
});
