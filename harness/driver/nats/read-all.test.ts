import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { describe, expect, test, vi } from 'vitest';
import { readStreams } from './read-all.ts';

// Tries again at once.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }));

interface Info {
  readonly first?: number;
  readonly last: number;
  /** Undefined where the replicas know of none, and any of them answers. */
  readonly leader: string | undefined;
}

/** A stream that says of itself what a test says, the last for ever; `gone` holds nothing any more. */
class FakeStream {
  readonly #infos: (Info | Error)[];
  readonly #gone: readonly number[];
  /** How often what is gone is not found; for ever, if not said otherwise. */
  unreadableTimes = Infinity;
  /** By sequence. */
  readonly asked = new Map<number, number>();

  constructor(infos: readonly (Info | Error)[], gone: readonly number[] = []) {
    this.#infos = [...infos];
    this.#gone = gone;
  }

  async info() {
    const info = this.#infos.length > 1 ? this.#infos.shift()! : this.#infos[0]!;
    if (info instanceof Error) throw info;
    const { first = 1, last, leader } = info;
    return { state: { first_seq: first, last_seq: last }, cluster: { leader } };
  }

  async getMessage(_stream: string, { seq }: { readonly seq: number }) {
    const asked = (this.asked.get(seq) ?? 0) + 1;
    this.asked.set(seq, asked);
    const isThere = !this.#gone.includes(seq) || asked > this.unreadableTimes;
    if (!isThere) throw messageNotFound;
    return { data: Buffer.from(`m${seq}`) };
  }

  async read(patienceMs = 10_000, isWhole = true) {
    const read: string[] = [];
    const reading = readStreams({ streams: this } as unknown as JetStreamManager, {
      topic: 'orders',
      partitions: 1,
      patienceMs,
      isWhole: () => Promise.resolve(isWhole),
      onRecord: ({ payload, offset }) => void read.push(`${payload.toString()}@${offset}`),
    });
    const outcome = reading.then(
      ({ partitions }) => partitions[0],
      (error: Error) => error.message,
    );
    return { read, ends: await outcome };
  }
}

const messageNotFound = new JetStreamApiError({
  code: 404,
  err_code: 10_037,
  description: 'no message found',
});
const notFound = new JetStreamApiError({ code: 404, err_code: 10_059, description: 'not found' });

describe('a read of a stream', () => {
  test('goes to the end that its leader knows, and tells of holes by what it leaves out', async () => {
    const stream = new FakeStream([{ first: 2, last: 4, leader: 'node-1' }], [3]);
    expect(await stream.read()).toEqual({
      read: ['m2@1', 'm4@3'],
      ends: { startOffset: 1, endOffset: 4 },
    });
  });

  test('asks again at its end for what is not there', async () => {
    const stream = new FakeStream([{ last: 4, leader: 'node-1' }], [2, 3]);
    const { read } = await stream.read();
    expect(read).toEqual(['m1@0', 'm4@3']);
    expect(Object.fromEntries(stream.asked)).toEqual({ 1: 1, 2: 4, 3: 4, 4: 1 });
  });

  test('is given up where what could not be read at first is there after all', async () => {
    for (const times of [1, 3]) {
      const stream = new FakeStream([{ last: 4, leader: 'node-1' }], [3]);
      stream.unreadableTimes = times;
      expect((await stream.read()).ends).toBe(
        'orders-0 had nothing at sequence 3, and then a message',
      );
    }
  });

  test('does not end where a replica does that answers because there is no leader', async () => {
    const stream = new FakeStream([
      { last: 1, leader: undefined },
      { last: 0, leader: undefined },
      { last: 3, leader: 'node-2' },
    ]);
    expect(await stream.read()).toEqual({
      read: ['m1@0', 'm2@1', 'm3@2'],
      ends: { startOffset: 0, endOffset: 3 },
    });
  });

  test('is given up where no leader comes', async () => {
    const stream = new FakeStream([{ last: 1, leader: undefined }]);
    expect(await stream.read(0)).toEqual({ read: [], ends: 'it has no leader' });
  });

  test('finds one empty that is gone, and one whose messages are', async () => {
    expect(await new FakeStream([notFound]).read(0)).toEqual({
      read: [],
      ends: { startOffset: 0, endOffset: 0 },
    });
    const purged = new FakeStream([{ first: 8, last: 7, leader: 'node-1' }]);
    expect(await purged.read()).toEqual({ read: [], ends: { startOffset: 7, endOffset: 7 } });
  });

  test('does not find one empty that is gone while servers are missing, or nobody leads them', async () => {
    expect(await new FakeStream([notFound]).read(0, false)).toEqual({
      read: [],
      ends: 'stream "orders-0" is not found, while not all servers answer, or none leads them',
    });
  });
});
