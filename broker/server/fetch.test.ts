import { describe, expect, test } from 'vitest';
import type { RequestOf, ResponseOf } from '../protocol/codec.ts';
import { PendingFetch, serveFetch } from './fetch.ts';
import type { FetchReceiver, FetchSource } from './fetch.ts';

/** A log by the term of each record: `1122` holds four records of two terms. */
function sourceOf(
  terms: string,
  more: Partial<{ startOffset: number; highWatermark: number; leading: boolean }> = {},
): FetchSource & { readonly waiting: PendingFetch[] } {
  const { startOffset = 0, highWatermark = terms.length, leading = true } = more;
  const termOf = (offset: number): number | undefined =>
    offset < startOffset || terms[offset] === undefined ? undefined : Number(terms[offset]);
  const log = {
    startOffset,
    nextOffset: terms.length,
    termOfOffset: termOf,
    endOffsetOfTerm: (term: number) => {
      const above = terms.split('').findIndex((found) => Number(found) > term);
      return Math.max(startOffset, above < 0 ? terms.length : above);
    },
    readRecords: ({ offset }: { offset: number }) =>
      Buffer.from(terms.slice(offset, highWatermark)),
  };
  const waiting: PendingFetch[] = [];
  return {
    leading,
    answersReaders: leading,
    highWatermark,
    replica: { log, appliedIndex: 1 } as unknown as FetchSource['replica'],
    await: (fetch) => void waiting.push(fetch),
    waiting,
  };
}

function ask(source: FetchSource, request: Partial<RequestOf<'fetch'>>): unknown {
  let outcome: unknown = 'waits';
  const receiver: FetchReceiver = {
    closed: false,
    outputFull: false,
    fetchBytesMax: 1000,
    begin: () => {},
    finish: () => {},
    reserveOutput: () => {},
    releaseOutput: () => {},
    answer: (_api, _id, response: ResponseOf<'fetch'>) => {
      outcome = response.batches.toString();
    },
    answerError: (_id, code, _message, detail) => {
      outcome = [code, detail];
    },
  };
  const fetch = new PendingFetch({
    receiver,
    correlationId: 1,
    request: {
      topicId: 1,
      partition: 0,
      offset: 0,
      lastTerm: 0,
      bytesMax: 100,
      waitMs: 100,
      replica: false,
      ...request,
    },
    deadlineMs: 100,
    bytes: 10,
  });
  serveFetch(source, fetch, undefined);
  return outcome;
}

describe('a fetch', () => {
  test('is given the committed prefix and nothing behind it', () => {
    expect(ask(sourceOf('1122', { highWatermark: 3 }), { offset: 1 })).toBe('12');
    expect(ask(sourceOf('1122', { highWatermark: 3 }), { offset: 3 })).toBe('waits');
  });

  test('goes on where the log still holds what the reader saw', () => {
    expect(ask(sourceOf('1122'), { offset: 3, lastTerm: 2 })).toBe('2');
    expect(ask(sourceOf('1122'), { offset: 2, lastTerm: 1 })).toBe('22');
  });

  test('is sent back to the first record that it did not see when the log was cut', () => {
    expect(ask(sourceOf('1133'), { offset: 4, lastTerm: 2 })).toEqual(['diverged', 2]);
    expect(ask(sourceOf('1133'), { offset: 9, lastTerm: 2 })).toEqual(['diverged', 2]);
    expect(ask(sourceOf('1111'), { offset: 9, lastTerm: 2 })).toEqual(['diverged', 4]);
  });

  test('is sent back to the beginning of an earlier term that it finds instead of its own', () => {
    expect(ask(sourceOf('1222'), { offset: 4, lastTerm: 3 })).toEqual(['diverged', 1]);
  });

  test('of a copy that lags behind waits, and of a leader is out of range', () => {
    const copy = { leading: false };
    expect(ask(sourceOf('11', copy), { offset: 5, replica: true, lastTerm: 1 })).toBe('waits');
    // What this copy holds behind its high watermark may be cut, and proves nothing.
    const behind = sourceOf('112', { ...copy, highWatermark: 2 });
    expect(ask(behind, { offset: 3, replica: true, lastTerm: 3 })).toBe('waits');
    expect(ask(sourceOf('112', copy), { offset: 3, replica: true, lastTerm: 3 })).toEqual([
      'diverged',
      2,
    ]);
    expect(ask(sourceOf('11'), { offset: 5 })).toEqual(['offset-out-of-range', 2]);
    expect(ask(sourceOf('11', copy), { offset: 0 })).toEqual(['not-leader', 1]);
    expect(ask(sourceOf('1111', { startOffset: 2 }), { offset: 1 })).toEqual([
      'offset-out-of-range',
      2,
    ]);
  });
});
