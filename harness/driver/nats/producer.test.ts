import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NatsProducer } from './producer.ts';

interface Published {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly reply: string;
  readonly id: string | undefined;
}

interface Options {
  readonly reply: string;
  readonly headers?: { get(name: string): string };
}

/** A connection that writes down what is published, and answers what a test says. */
class FakeConnection {
  readonly published: Published[] = [];
  #hear: (error: Error | null, reply: Msg) => void = () => undefined;
  #tell: ((status: { type: string; server: string }) => void) | undefined;

  publish(subject: string, payload: Uint8Array, { reply, headers: named }: Options): void {
    this.published.push({ subject, payload, reply, id: named?.get('Nats-Msg-Id') });
  }

  subscribe(_subject: string, options: { callback: (error: Error | null, reply: Msg) => void }) {
    this.#hear = options.callback;
    return { unsubscribe: () => undefined };
  }

  async *status() {
    for (;;) {
      yield await new Promise<{ type: string; server: string }>((resolve) => {
        this.#tell = resolve;
      });
    }
  }

  #onClosed: (error: Error | undefined) => void = () => undefined;

  closed(): Promise<Error | undefined> {
    return new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  async closes(error?: Error): Promise<void> {
    this.#onClosed(error);
    await vi.advanceTimersByTimeAsync(0);
  }

  async says(type: 'disconnect' | 'reconnect'): Promise<void> {
    this.#tell?.({ type, server: 'node' });
    await vi.advanceTimersByTimeAsync(0);
  }

  answer(index: number, what: unknown): void {
    const data = Buffer.from(JSON.stringify(what));
    const { reply } = this.published[index]!;
    this.#hear(null, { subject: reply, data, json: () => what } as unknown as Msg);
  }

  nobody(index: number): void {
    const { reply } = this.published[index]!;
    const status = { code: 503 };
    this.#hear(null, { subject: reply, data: Buffer.alloc(0), headers: status } as unknown as Msg);
  }
}

type Outcome = [
  outcome: string,
  partition: number,
  offset: number,
  attempts: number,
  error?: string,
];

let nats: FakeConnection;
let outcomes: Outcome[];
let drains: number;
let failures: string[];

beforeEach(() => {
  vi.useFakeTimers();
  nats = new FakeConnection();
  outcomes = [];
  drains = 0;
  failures = [];
});

afterEach(() => {
  vi.useRealTimers();
});

function producer(changes: { idempotent?: boolean; inFlightMax?: number } = {}): NatsProducer {
  return new NatsProducer(nats as unknown as NatsConnection, {
    topic: 'orders',
    partitions: 2,
    inFlightMax: 10,
    lingerMs: 1,
    batchBytesMax: 1000,
    deliveryTimeoutMs: 10_000,
    idempotent: true,
    onDrain: () => void drains++,
    onNote: () => undefined,
    onFailed: (error) => void failures.push(error.message),
    ...changes,
  });
}

function send(of: NatsProducer, key: number, payload = Buffer.from(`m${key}`)): boolean {
  return of.send({ key, payload }, (...outcome) => {
    const [result, partition, offset, attempts, error] = outcome;
    outcomes.push([
      result,
      partition,
      offset,
      attempts,
      ...(error === undefined ? [] : [error]),
    ] as Outcome);
  });
}

const idsOf = (): (string | undefined)[] => nats.published.map(({ id }) => id?.split('.')[1]);

describe('a NATS producer', () => {
  test('acks with what the stream answers: its own sequence, counted from 0', () => {
    const one = producer();
    send(one, 0);
    send(one, 1);
    expect(nats.published.map(({ subject }) => subject)).toEqual(['orders.0', 'orders.1']);
    expect(outcomes).toEqual([]);
    nats.answer(1, { stream: 'orders-1', seq: 8 });
    nats.answer(0, { stream: 'orders-0', seq: 1, duplicate: true });
    expect(outcomes).toEqual([
      ['ok', 1, 7, 1],
      ['ok', 0, 0, 1],
    ]);
  });

  test('keeps a copy, since the payload is its owner’s again after the outcome', () => {
    const one = producer();
    const payload = Buffer.from('mine');
    send(one, 0, payload);
    payload.fill(0);
    expect(Buffer.from(nats.published[0]!.payload).toString()).toBe('mine');
  });

  test('tries with one message where nobody listens, and sends the rest in order after its ack', async () => {
    const one = producer();
    for (const key of [0, 2, 4]) send(one, key);
    for (const index of [0, 1, 2]) nats.nobody(index);
    send(one, 6);
    await vi.advanceTimersByTimeAsync(60);
    expect(nats.published).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(100);
    expect(idsOf()).toEqual(['0', '1', '2', '0']);
    nats.answer(3, { seq: 1 });
    expect(idsOf().slice(4)).toEqual(['1', '2', '3']);
    expect(outcomes).toEqual([['ok', 0, 0, 2]]);
  });

  test('sends again under the same id what was under way when the connection was lost', async () => {
    const one = producer();
    send(one, 0);
    await nats.says('disconnect');
    send(one, 2);
    await vi.advanceTimersByTimeAsync(500);
    expect(nats.published).toHaveLength(1);
    await nats.says('reconnect');
    await vi.advanceTimersByTimeAsync(100);
    nats.answer(1, { seq: 4, duplicate: true });
    expect(idsOf()).toEqual(['0', '0', '1']);
    expect(outcomes).toEqual([['ok', 0, 3, 2]]);
  });

  test('without ids sends again only what nobody can have stored', async () => {
    const one = producer({ idempotent: false });
    send(one, 0);
    send(one, 2);
    nats.nobody(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(nats.published.map(({ id }) => id)).toEqual([undefined, undefined, undefined]);
    await nats.says('disconnect');
    expect(outcomes.map(([outcome]) => outcome)).toEqual(['info', 'info']);
  });

  test('without ids tries with another one where what it tried with is not answered', async () => {
    const one = producer({ idempotent: false });
    for (const key of [0, 2, 4]) send(one, key);
    for (const index of [0, 1, 2]) nats.nobody(index);
    await vi.advanceTimersByTimeAsync(1000);
    const payloads = nats.published.slice(3).map(({ payload }) => Buffer.from(payload).toString());
    expect(payloads).toEqual(['m0', 'm2']);
    nats.answer(4, { seq: 1 });
    expect(nats.published).toHaveLength(6);
    nats.answer(3, { seq: 2 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(outcomes.map(([outcome, , offset]) => [outcome, offset])).toEqual([
      ['ok', 0],
      ['ok', 1],
      ['info', -1],
    ]);
  });

  test('does not know what was never answered, and knows what nobody was ever given', async () => {
    const one = producer();
    send(one, 0);
    send(one, 1);
    nats.nobody(1);
    const answered = setInterval(() => {
      const last = nats.published.length - 1;
      if (nats.published[last]!.subject === 'orders.1') nats.nobody(last);
    }, 10);
    await vi.advanceTimersByTimeAsync(10_100);
    clearInterval(answered);
    expect(outcomes.map(([outcome, , , , error]) => [outcome, error])).toEqual([
      ['info', 'timed-out'],
      ['fail', 'timed-out'],
    ]);
  });

  test('takes an answer that comes late for what it is', async () => {
    const one = producer();
    send(one, 0);
    await vi.advanceTimersByTimeAsync(3000);
    expect(nats.published.length).toBeGreaterThan(1);
    nats.answer(0, { seq: 9 });
    expect(outcomes).toEqual([['ok', 0, 8, nats.published.length]]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(outcomes).toHaveLength(1);
  });

  test('takes no ack at sequence 0 for one: an earlier attempt is still being stored', async () => {
    const one = producer();
    send(one, 0);
    await nats.says('disconnect');
    await nats.says('reconnect');
    await vi.advanceTimersByTimeAsync(200);
    nats.answer(1, { stream: 'orders-0', seq: 0, duplicate: true });
    expect(outcomes).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    nats.answer(2, { stream: 'orders-0', seq: 3, duplicate: true });
    expect(outcomes).toEqual([['ok', 0, 2, 3]]);
  });

  test('fails for certain what its stream refuses', () => {
    const one = producer();
    send(one, 0);
    nats.answer(0, { error: { code: 400, err_code: 10_054 } });
    expect(outcomes).toEqual([['fail', -1, -1, 1, 'nats-error-10054']]);
  });

  test('does not know what became of a message that its leader could not store, since others may have', async () => {
    const one = producer();
    const storeFailed = { error: { code: 503, err_code: 10_077 } };
    const answered = setInterval(() => nats.answer(nats.published.length - 1, storeFailed), 10);
    send(one, 0);
    await vi.advanceTimersByTimeAsync(10_100);
    clearInterval(answered);
    expect(idsOf().slice(0, 2)).toEqual(['0', '0']);
    expect(outcomes.map(([outcome, , , , error]) => [outcome, error])).toEqual([
      ['info', 'timed-out'],
    ]);
    send(one, 2);
    nats.answer(nats.published.length - 1, { error: { code: 500, err_code: 10_009 } });
    expect(outcomes[1]).toEqual(['info', -1, -1, 1, 'nats-error-10009']);
    const plain = producer({ idempotent: false });
    send(plain, 4);
    nats.answer(nats.published.length - 1, storeFailed);
    expect(outcomes[2]).toEqual(['info', -1, -1, 1, 'no-answer']);
  });

  test('tries again what was refused before its stream agreed on it, and knows that it is not stored', async () => {
    const one = producer({ idempotent: false });
    const refusals = [
      { error: { code: 503, err_code: 0 } },
      { error: { code: 429, err_code: 10_167 } },
    ];
    send(one, 0);
    for (const refusal of refusals) {
      nats.answer(nats.published.length - 1, refusal);
      await vi.advanceTimersByTimeAsync(200);
    }
    expect(nats.published).toHaveLength(3);
    nats.answer(2, { seq: 1 });
    expect(outcomes).toEqual([['ok', 0, 0, 3]]);
  });

  test('tells of a client that has given up for good, and not of one that was closed', async () => {
    producer();
    await nats.closes();
    expect(failures).toEqual([]);
    producer();
    await nats.closes(new Error('Authentication Timeout'));
    expect(failures).toEqual([
      'the NATS client has closed its connection for good: Authentication Timeout',
    ]);
  });

  test('says that its window is full, and when it has room again', () => {
    const one = producer({ inFlightMax: 2 });
    expect([send(one, 0), send(one, 2), send(one, 4)]).toEqual([true, true, false]);
    expect(drains).toBe(0);
    nats.answer(0, { seq: 1 });
    expect(drains).toBe(1);
  });

  test('closes once all outcomes are known', async () => {
    const one = producer();
    send(one, 0);
    let closed = false;
    void one.close().then(() => {
      closed = true;
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(closed).toBe(false);
    nats.answer(0, { seq: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(closed).toBe(true);
  });
});
