import { beforeEach, describe, expect, test } from 'vitest';

import type { ConsumerOptions } from '../driver/driver.ts';
import { EntryFlag } from '../history/format.ts';
import { LoadConsumer } from './consumer.ts';
import { PayloadWriter } from './payload.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** What happened, in order, as lines. */
let lines: string[];
let clock: SimulatedClock;
let driver: ConsumerOptions;
const gaveUp = new Error('the client gave up');
beforeEach(() => {
  lines = [];
  clock = new SimulatedClock();
});

async function consumerOf(overrides: { cumulative?: boolean } = {}): Promise<LoadConsumer> {
  const consumer = new LoadConsumer({
    run: 'r',
    worker: 'consumer-3',
    assignment: {
      kind: 'consumer',
      consumer: 3,
      group: 'g',
      inFlightMax: 100,
      sessionTimeoutMs: 1000,
    },
    history: {
      delivery: (...[, partition, offset, flags, , sequence]) =>
        void lines.push(`delivery ${partition}@${offset} ${sequence} flags ${flags}`),
      ack: (...[, partition, offset]) => void lines.push(`ack ${partition}@${offset}`),
      position: (type, ...[, partition, offset]) =>
        void lines.push(`${type} ${partition}@${offset}`),
      event: (event) => {
        const isGround = event.type === 'note' && event.isGround === true;
        lines.push(isGround ? 'note ground' : event.type);
      },
      flush: () => void lines.push('flush'),
    },
    clock,
    cumulative: overrides.cumulative ?? true,
    positions: true,
    createConsumer: async (options) => {
      driver = options;
      return {
        ack: (partition, offset) => void lines.push(`driver ack ${partition}@${offset}`),
        nack: () => undefined,
        close: async () => void lines.push('driver close'),
      };
    },
    onNote: () => undefined,
    onFailed: (error) => {
      if (error !== gaveUp) throw error;
      lines.push('failed');
    },
  });
  await consumer.prepare();
  clock.run();
  lines.length = 0;
  return consumer;
}

function deliver(partition: number, offset: number, sequence: number): void {
  const writer = new PayloadWriter({ run: 'r', producer: 1, sizeBytes: 64, seed: 1 });
  const slot = writer.slot();
  writer.write(slot, sequence, 0, 0);
  driver.onDelivery({ payload: slot.payload, partition, offset, redelivered: false });
}

describe('a load consumer', () => {
  test('writes down a turn of deliveries and their acks in one write before the driver sees an ack', async () => {
    await consumerOf();
    deliver(0, 5, 1);
    deliver(1, 9, 2);
    deliver(0, 6, 3);
    clock.run();
    expect(lines).toEqual([
      `delivery 0@5 1 flags ${EntryFlag.intact}`,
      `delivery 1@9 2 flags ${EntryFlag.intact}`,
      `delivery 0@6 3 flags ${EntryFlag.intact}`,
      'ack 0@6',
      'ack 1@9',
      'flush',
      'driver ack 0@6',
      'driver ack 1@9',
    ]);
  });

  test('acks every single delivery where the broker is not a log', async () => {
    await consumerOf({ cumulative: false });
    deliver(0, 5, 1);
    deliver(0, 6, 2);
    clock.run();
    expect(lines.filter((line) => line.startsWith('driver ack'))).toEqual([
      'driver ack 0@5',
      'driver ack 0@6',
    ]);
  });

  test('does not ack what was delivered from a partition that was taken away in the same turn', async () => {
    await consumerOf();
    deliver(0, 5, 1);
    deliver(1, 2, 2);
    driver.onRevoked([0]);
    clock.run();
    expect(lines.filter((line) => line.startsWith('driver ack'))).toEqual(['driver ack 1@2']);
    expect(lines).toContain('revoked 0@-1');
  });

  test('says where it stands in each partition it has, for the drain', async () => {
    const consumer = await consumerOf();
    driver.onAssigned([
      { partition: 0, offset: 40 },
      { partition: 1, offset: 7 },
    ]);
    deliver(0, 40, 1);
    deliver(0, 41, 2);
    expect(consumer.progress().positions).toEqual([
      { partition: 0, nextOffset: 42 },
      { partition: 1, nextOffset: 7 },
    ]);
    driver.onDiverged({ partition: 0, offset: 41 });
    driver.onRevoked([1]);
    expect(consumer.progress().positions).toEqual([{ partition: 0, nextOffset: 41 }]);
  });

  test('has come as far as the furthest of single messages, whatever comes again', async () => {
    const consumer = await consumerOf({ cumulative: false });
    deliver(0, 41, 1);
    deliver(0, 7, 2);
    expect(consumer.progress().positions).toEqual([{ partition: 0, nextOffset: 42 }]);
  });

  test('keeps what a pass has to say apart from other notes', async () => {
    await consumerOf();
    driver.onNote('connected');
    driver.onNote('the cursor is gone', 'ground');
    expect(lines).toEqual(['note', 'note ground']);
  });

  test('fails with a driver that gave up, and acks nothing more', async () => {
    await consumerOf();
    deliver(0, 5, 1);
    driver.onFailed(gaveUp);
    clock.run();
    expect(lines.filter((line) => line === 'failed' || line.includes('ack'))).toEqual(['failed']);
  });

  test('closing acks what came in this turn, and then leaves', async () => {
    const consumer = await consumerOf();
    deliver(0, 5, 1);
    await consumer.close();
    expect(lines.slice(-4)).toEqual(['flush', 'driver ack 0@5', 'driver close', 'flush']);
    clock.run();
    expect(lines.at(-1)).toBe('flush');
  });
});
